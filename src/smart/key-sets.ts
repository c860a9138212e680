import { AortaError, error } from '../errors/index.ts';
import { type Claims, decode, fitsRsa, type Jwk, type JwtHeader, verifySignature } from './jwt.ts';
import type { Http } from './ports.ts';
import { secure } from './secure.ts';

/** Where a party's public keys are: an address of theirs, or keys that they gave us. */
export type KeyOrigin = { readonly jku: string } | { readonly keys: readonly Jwk[] };

export interface KeySets {
  /** The claims of a token whose signature fits a key of this origin. @throws AORTA_SMART_009, _010, _011 */
  verify(token: string, origin: KeyOrigin): Promise<{ readonly header: JwtHeader; readonly claims: Claims }>;
  /**
   * Whether the signature fits a key that is here, within the turn: nothing is fetched, RS384 only (35 µs). It may be a key
   * that has to be asked for again, up to an hour long: for `verify` that would not be enough. False says nothing.
   * @throws AORTA_SMART_009
   */
  fits(token: string, origin: KeyOrigin): boolean;
}

/** Milliseconds. */
const standardAge = 5 * 60_000;
const longestAge = 24 * 60 * 60_000;
/** For as long after its end a set is used at once, and fetched beside: who calls often never waits for a key server. */
const besideMs = 5 * 60_000;
/** For as long after its end a set is good that cannot be fetched: who stole a key may keep its server from telling us. */
const awayMs = 24 * 60 * 60_000;
/** Between two fetches that an unknown kid asks for: whoever sends made-up kids cannot make us flood the key server. */
const cooldown = 10_000;
/** After a fetch that failed: a server that is away is not asked by every caller, and one that is back is noticed soon. */
const retryMs = 1_000;
/** A key is known for so long after it should have been asked for again. */
const knownMs = 60 * 60_000;
const most = 100;
/** Of a key set. */
const maxBytes = 256 * 1024;

/** Keys of different types may have the same kid (RFC 7517, 4.5): they are alternatives. */
const nameOf = (kid: string | undefined, kty: string | undefined): string => `${kty} ${kid}`;
const typeFor = (alg: JwtHeader['alg']): string => (alg === 'RS384' ? 'RSA' : 'EC');

/** Times are monotonic milliseconds: a wall clock that is set back must not keep a key for longer. */
interface Remote {
  /** By type and kid. */
  keys: ReadonlyMap<string, Jwk>;
  freshUntil: number;
  /** When the last fetch ended, well or not. */
  fetchedAt: number;
  /** Why the last fetch failed. */
  failed?: unknown;
  fetching?: Promise<void> | undefined;
}

/**
 * Public key sets by address, kept as long as their Cache-Control says (5 minutes otherwise, a day at most). In the next 5
 * minutes, and for as long as their server was found away within the last 5, a known key is used at once and the set is
 * fetched beside; later the fetch is waited for. A day after its end, a set that cannot be fetched is good no more. A kid
 * that is not in the set is looked for once more in a fresh one; keys that were given by hand are never fetched. The
 * address is one that was configured: never one that a token names.
 */
export function createKeySets({ http, clock }: { readonly http: Http; readonly clock: { monotonic(): number } }): KeySets {
  const remotes = new Map<string, Remote>();

  const refresh = (jku: string, remote: Remote): Promise<void> => {
    remote.fetching ??= fetchKeys(jku, http)
      .then(({ keys, maxAge }) => {
        remote.keys = keys;
        remote.failed = undefined;
        remote.freshUntil = clock.monotonic() + maxAge;
      })
      .catch((thrown: unknown) => {
        remote.failed = thrown;
        throw thrown;
      })
      .finally(() => {
        remote.fetchedAt = clock.monotonic();
        remote.fetching = undefined;
      });
    return remote.fetching;
  };

  const find = async ({ kid, alg }: JwtHeader, origin: KeyOrigin): Promise<Jwk | undefined> => {
    const name = nameOf(kid, typeFor(alg));
    if ('keys' in origin) return origin.keys.find((key) => nameOf(key.kid, key.kty) === name);
    const remote: Remote = remotes.get(origin.jku) ?? {
      ...{ keys: new Map(), freshUntil: Number.NEGATIVE_INFINITY, fetchedAt: Number.NEGATIVE_INFINITY },
    };
    remotes.set(origin.jku, remote);
    const now = clock.monotonic();
    const known = remote.keys.get(name);
    if (known && now < remote.freshUntil) return known;
    const pause = remote.failed === undefined ? cooldown : retryMs;
    const fetching = now - remote.fetchedAt >= pause || remote.fetching ? refresh(origin.jku, remote) : undefined;
    const asked = fetching?.catch(() => {});
    // A server that is away cannot stop its own clients: it was asked a moment ago, and is asked again beside.
    const away = remote.failed !== undefined && now < remote.fetchedAt + besideMs;
    if (known && now < remote.freshUntil + (away ? awayMs : besideMs)) return known;
    await asked;
    const found = remote.keys.get(name);
    // Nobody can say that the key is not there while its server does not answer: that is no fault of the caller.
    if (remote.failed !== undefined && (!found || now >= remote.freshUntil + awayMs)) throw remote.failed;
    return found;
  };

  return {
    async verify(token, origin) {
      const { header, claims } = decode(token);
      const key = await find(header, origin);
      if (!key) throw error('AORTA_SMART_009', { problem: 'its kid is not in the key set' });
      await verifySignature(token, key, header.alg);
      return { header, claims };
    },
    fits(token, origin) {
      const { kid, alg } = decode(token).header;
      if (alg !== 'RS384') return false;
      const name = nameOf(kid, typeFor(alg));
      const remote = 'keys' in origin ? undefined : remotes.get(origin.jku);
      if (remote && clock.monotonic() >= remote.freshUntil + knownMs) return false;
      const key = 'keys' in origin ? origin.keys.find((each) => nameOf(each.kid, each.kty) === name) : remote?.keys.get(name);
      return key !== undefined && fitsRsa(token, key);
    },
  };
}

async function fetchKeys(jku: string, http: Http): Promise<{ keys: ReadonlyMap<string, Jwk>; maxAge: number }> {
  const { href } = secure(jku, 'a key set');
  const failed = (problem: string, cause?: unknown) => error('AORTA_SMART_010', { problem }, { cause });
  const answer = await http({ method: 'GET', url: href, headers: { accept: 'application/json' }, maxBytes }).catch((thrown: unknown) => {
    throw failed(thrown instanceof AortaError ? thrown.code : 'no answer', thrown);
  });
  if (answer.status !== 200) throw failed(`status ${answer.status}`);
  let list: unknown;
  try {
    list = (JSON.parse(answer.text) as { keys?: unknown } | null)?.keys;
  } catch {
    throw failed('it is no JSON');
  }
  if (!Array.isArray(list) || list.length > most) throw failed('it is no JWK Set');
  const usable = list.filter((key: Partial<Jwk> | null) => typeof key?.kid === 'string' && (key.use ?? 'sig') === 'sig') as Jwk[];
  const control = answer.headers['cache-control'] ?? '';
  const seconds = /\bno-(?:store|cache)\b/.test(control) ? 0 : Number(/\bmax-age=(\d{1,9})\b/.exec(control)?.[1] ?? standardAge / 1000);
  return { keys: new Map(usable.map((key) => [nameOf(key.kid, key.kty), key])), maxAge: Math.min(longestAge, seconds * 1000) };
}
