import { AortaError, error } from '../errors/index.ts';

/** A CDS client that may call, as it was configured. */
export interface TrustedClient {
  /** Our name of it: in quotas, metrics and the audit chain. */
  readonly id: string;
  /** `iss` of its tokens. */
  readonly issuer: string;
  /** Where its public keys are, or the keys themselves. */
  readonly keys: { readonly jku: string } | { readonly keys: readonly object[] };
  /** When given, its tokens carry one of these. */
  readonly tenants?: readonly string[];
}

/** Verifies signatures: src/smart behind this port. */
export interface TokenPort<Keys = TrustedClient['keys']> {
  /** Header and claims, nothing verified. */
  decode(token: string): { readonly header: { readonly jku?: string }; readonly claims: Readonly<Record<string, unknown>> };
  /** The claims of a token whose signature fits a key of this origin. */
  verify(token: string, keys: Keys): Promise<{ readonly claims: Readonly<Record<string, unknown>> }>;
  /** Whether the signature fits a key of this origin, at once and without asking anybody; no is no refusal. */
  fits(token: string, keys: Keys): boolean;
}

export interface TrustOptions {
  readonly clients: readonly TrustedClient[];
  readonly tokens: TokenPort;
  /** True for the first one who brings the name. */
  readonly replay: { claim(name: string, until: number): boolean | Promise<boolean> };
  readonly clock: { now(): number };
}

/** Seconds that clocks may differ. */
const skew = 60;
/** Seconds: the longest life of a token. Each is remembered until it expires. */
const longestLife = 3_600;

const refused = (problem: string, cause?: unknown) => error('AORTA_CDS_002', { problem }, { cause });

/**
 * Who calls (CDS Hooks 2.0, "Trusting CDS Clients"). The issuer is looked for among the configured ones first, and its
 * keys are where the configuration says: a token cannot make us send a request anywhere (its `jku` must be that address).
 * Only RS384 and ES384 signatures; `aud` is exactly the URL called; each `jti` once.
 *
 * @throws AORTA_CDS_002, AORTA_CDS_006; AORTA_SMART_010 when the client's keys cannot be fetched
 */
export function createTrust({
  clients,
  tokens,
  replay,
  clock,
}: TrustOptions): (token: string, audiences: readonly string[]) => Promise<TrustedClient> {
  const byIssuer = new Map(clients.map((client) => [client.issuer, client]));
  return async (token, audiences) => {
    const { header, claims: unverified } = attempt(() => tokens.decode(token));
    const client = clientOf(byIssuer, header, unverified);
    const { claims } = await tokens.verify(token, client.keys).catch((thrown: unknown) => {
      throw failed(thrown);
    });
    const { exp, jti } = checked(claims, audiences, clock.now() / 1000, client);
    // Last: only a token that is good in every other way uses up its name.
    if (!(await replay.claim(`${client.issuer} ${jti}`, (exp + skew) * 1000))) throw refused('its jti was used before');
    return client;
  };
}

/**
 * The same at once, but for whether the jti is new: by a key that is here, nobody is asked and nothing remembered. Undefined
 * says nothing about the token.
 */
export function createRecognition({
  clients,
  tokens,
  clock,
}: Omit<TrustOptions, 'replay'>): (token: string, audiences: readonly string[]) => TrustedClient | undefined {
  const byIssuer = new Map(clients.map((client) => [client.issuer, client]));
  return (token, audiences) => {
    try {
      const { header, claims } = tokens.decode(token);
      const client = clientOf(byIssuer, header, claims);
      checked(claims, audiences, clock.now() / 1000, client);
      return tokens.fits(token, client.keys) ? client : undefined;
    } catch {
      return undefined;
    }
  };
}

function clientOf(
  byIssuer: ReadonlyMap<string, TrustedClient>,
  { jku }: { readonly jku?: string },
  { iss }: Readonly<Record<string, unknown>>,
): TrustedClient {
  const client = typeof iss === 'string' ? byIssuer.get(iss) : undefined;
  if (!client) throw refused('its iss is not one of the configured clients');
  if (jku !== undefined && !('jku' in client.keys && client.keys.jku === jku)) throw refused('its jku is not the configured address');
  return client;
}

function checked(
  claims: Readonly<Record<string, unknown>>,
  audiences: readonly string[],
  now: number,
  { tenants }: TrustedClient,
): { exp: number; jti: string } {
  const { aud, exp, iat, nbf, jti, tenant } = claims;
  const list: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!list.some((each) => typeof each === 'string' && audiences.includes(each))) throw refused('its aud is not the URL called');
  if (!isTime(exp) || exp + skew <= now) throw refused('it has expired, or has no exp');
  if (!isTime(iat) || iat > now + skew) throw refused('its iat is missing or in the future');
  if (exp > now + longestLife || exp <= iat) throw refused('it is good for more than an hour, or for no time');
  if (nbf !== undefined && (!isTime(nbf) || nbf > now + skew)) throw refused('its nbf is in the future');
  if (typeof jti !== 'string' || jti === '' || jti.length > 256) throw refused('its jti is missing');
  if (tenants && !tenants.includes(tenant as string)) throw refused('its tenant is not one of the configured ones');
  return { exp, jti };
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw failed(thrown);
  }
}

/** A key server that does not answer is not the caller's fault. */
function failed(thrown: unknown): unknown {
  if (!(thrown instanceof AortaError)) return thrown;
  return thrown.class === 'Permanent' ? refused(String(thrown.details['problem'] ?? thrown.code), thrown) : thrown;
}
