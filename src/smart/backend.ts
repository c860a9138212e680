import { AortaError, error } from '../errors/index.ts';
import { retryAfter } from '../http/retry-after.ts';
import { assertion, assertionType } from './assertion.ts';
import { createDiscovery } from './discovery.ts';
import type { KeySource } from './keys.ts';
import type { Clock, Http, HttpResponse, Random } from './ports.ts';
import { backendScope, format, missingScopes, parseScope } from './scope.ts';

export interface AccessToken {
  readonly value: string;
  /** As the server granted them. */
  readonly scopes: readonly string[];
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface BackendOptions {
  readonly fhirBase: string;
  readonly clientId: string;
  readonly keys: KeySource;
  /** Where our public keys are, when they were registered by address. */
  readonly jku?: string;
  readonly http: Http;
  readonly clock: Clock;
  readonly random: Random;
}

export interface Backend {
  /**
   * A token that covers the scopes (v2 syntax), of the cache where it has one. Concurrent callers wait for one request.
   * After a failure everybody is given that for a second, or for what Retry-After says: nobody asks again meanwhile.
   * @throws AORTA_SMART_001 to _008, _011
   */
  token(scopes: readonly string[]): Promise<AccessToken>;
  /**
   * The resource server did not take it (401): the next call asks for another one. False: it came in place of one that was
   * refused less than a second ago, and stays; who refuses every token would have us ask for one with each request.
   */
  refused(token: AccessToken): boolean;
}

interface Entry {
  token?: AccessToken;
  /** Milliseconds since 1970 from which a newer one is asked for. */
  refreshAt: number;
  asking?: Promise<AccessToken> | undefined;
  /** Why there is none, and for how many milliseconds nobody asks again. */
  failed?: { readonly thrown: unknown; readonly at: number; readonly pauseMs: number };
  /** When a token was refused last. */
  refusedAt?: number;
}

/** Of an answer: a token has 16 KiB at most. */
const maxBytes = 64 * 1024;

/** Milliseconds between attempts after a failure, and between tokens that are given up because they were refused. */
const retryMs = 1_000;

/**
 * Client of SMART Backend Services 2.2 (client credentials, private_key_jwt), one for each component and EHR.
 *
 * A token is asked for again min(60 s, 20 % of its lifetime) before it expires, while the old one is still handed out:
 * nobody waits for a refresh, and a server that gives short-lived tokens is not asked at every call.
 */
export function createBackend(options: BackendOptions): Backend {
  const { clock } = options;
  const discovery = createDiscovery(options);
  const entries = new Map<string, Entry>();
  /** A clock that is set back ends the pause. */
  const within = (at: number, ms: number) => clock.now() >= at && clock.now() < at + ms;

  const ask = (entry: Entry, scopes: readonly string[]) => {
    entry.asking ??= request(options, discovery, scopes)
      .then((token) => {
        const lifetime = token.expiresAt - clock.now();
        entry.token = token;
        delete entry.failed;
        entry.refreshAt = token.expiresAt - Math.min(60_000, lifetime * 0.2);
        return token;
      })
      .catch((thrown: unknown) => {
        const pauseMs = Math.max(retryMs, thrown instanceof AortaError ? (thrown.retryAfterMs ?? 0) : 0);
        entry.failed = { thrown, at: clock.now(), pauseMs };
        entry.refreshAt = clock.now() + pauseMs;
        throw thrown;
      })
      .finally(() => {
        entry.asking = undefined;
      });
    return entry.asking;
  };

  return {
    async token(scopes) {
      const wanted = [...new Set(scopes)].sort();
      const key = wanted.join(' ');
      const entry = entries.get(key) ?? { refreshAt: 0 };
      entries.set(key, entry);
      const { token, failed } = entry;
      if (!token || clock.now() >= token.expiresAt) {
        if (failed && within(failed.at, failed.pauseMs)) throw failed.thrown;
        return ask(entry, wanted);
      }
      if (clock.now() >= entry.refreshAt) ask(entry, wanted).catch(() => {});
      return token;
    },
    refused({ value }) {
      for (const entry of entries.values()) {
        if (entry.token?.value !== value) continue;
        if (entry.refusedAt !== undefined && within(entry.refusedAt, retryMs)) return false;
        entry.refusedAt = clock.now();
        delete entry.token;
      }
      return true;
    },
  };
}

async function request(
  options: BackendOptions,
  discovery: ReturnType<typeof createDiscovery>,
  scopes: readonly string[],
): Promise<AccessToken> {
  const { clientId, keys, jku, http, clock, random } = options;
  const parsed = scopes.map(backendScope);
  const server = await discovery.get();
  const signed = await assertion({
    ...{ clientId, audience: server.tokenEndpoint, algorithms: server.algorithms, clock, random, keys: await keys.keys() },
    ...(jku === undefined ? {} : { jku }),
  });
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    scope: parsed.map((scope) => format(scope, server.scopes)).join(' '),
    client_assertion_type: assertionType,
    client_assertion: signed,
  });
  const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
  const asked = clock.now();
  const answer = await http({ method: 'POST', url: server.tokenEndpoint, headers, body: form.toString(), maxBytes }).catch(
    (thrown: unknown) => {
      throw error('AORTA_SMART_007', { problem: thrown instanceof AortaError ? thrown.message : 'no answer' }, { cause: thrown });
    },
  );
  return tokenOf(answer, scopes, asked, clock.now());
}

/** RFC 6749, 5.1 and 5.2. The lifetime counts from before the request: the server's began later. */
function tokenOf({ status, headers, text }: HttpResponse, needed: readonly string[], asked: number, now: number): AccessToken {
  let body: Record<string, unknown> = {};
  try {
    body = (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    if (status === 200) throw error('AORTA_SMART_007', { problem: 'the answer is no JSON' });
  }
  if (status >= 500 || status === 429 || status === 408) {
    const wait = retryAfter(headers['retry-after'], now);
    throw error('AORTA_SMART_007', { problem: `status ${status}` }, wait === undefined ? {} : { retryAfterMs: wait });
  }
  if (status !== 200) {
    const code = body['error'];
    throw error('AORTA_SMART_006', { status, error: typeof code === 'string' && /^[a-z_]{1,40}$/.test(code) ? code : 'no reason given' });
  }
  const { access_token: value, token_type: type, expires_in: lifetime, scope } = body;
  if (typeof value !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(value))
    throw error('AORTA_SMART_007', { problem: 'there is no access_token' });
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer')
    throw error('AORTA_SMART_007', { problem: 'the token is no bearer token' });
  if (typeof lifetime !== 'number' || !(lifetime > 0)) throw error('AORTA_SMART_007', { problem: 'there is no expires_in' });
  // Required by SMART; by RFC 6749 a server that leaves it out granted what was asked for.
  const granted = typeof scope === 'string' ? scope.split(' ').filter(Boolean) : needed;
  const missing = missingScopes(needed, granted);
  if (missing.length > 0) throw error('AORTA_SMART_003', { missing: missing.filter((each) => parseScope(each)).join(' ') });
  return { value, scopes: granted, expiresAt: asked + lifetime * 1000 };
}
