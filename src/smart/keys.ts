import { createHash, createPrivateKey } from 'node:crypto';
import { error } from '../errors/index.ts';
import { type Algorithm, type Jwk, publicJwk } from './jwt.ts';

export interface SigningKey {
  readonly key: Jwk;
  readonly kid: string;
  readonly alg: Algorithm;
}

export interface KeySource {
  /** Every private key, the one that signs first. @throws AORTA_SMART_008, AORTA_SEC_… */
  keys(): Promise<readonly SigningKey[]>;
}

/**
 * Keys from a secret, read again whenever the secrets provider has a newer value.
 *
 * Rotation without a restart: append the new key to the JWK Set (it is published from then on), wait until the EHR has
 * seen it, move it to the front (it signs from then on), remove the old one after the last assertion has expired.
 */
export function keysFromSecret(secrets: { get(reference: string): Promise<string> }, reference: string): KeySource {
  let seen: { readonly text: string; readonly keys: readonly SigningKey[] } | undefined;
  return {
    async keys() {
      const text = await secrets.get(reference);
      if (seen?.text !== text) seen = { text, keys: parseKeys(text) };
      return seen.keys;
    },
  };
}

const unusable = (problem: string) => error('AORTA_SMART_008', { problem });

/** A private JWK, a JWK Set, or a PKCS#8 PEM. Whatever it was, it is in no error. @throws AORTA_SMART_008 */
export function parseKeys(text: string): readonly SigningKey[] {
  const keys = text.trimStart().startsWith('-----BEGIN') ? [fromPem(text)] : fromJson(text);
  if (keys.length === 0) throw unusable('the set is empty');
  const signing = keys.map(signingKey);
  if (new Set(signing.map(({ kid }) => kid)).size < signing.length) throw unusable('two keys have the same kid');
  return signing;
}

function fromPem(text: string): Jwk {
  try {
    return createPrivateKey(text).export({ format: 'jwk' }) as Jwk;
  } catch {
    throw unusable('it is no PKCS#8 PEM');
  }
}

function fromJson(text: string): readonly Jwk[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unusable('it is neither JSON nor PEM');
  }
  const keys: unknown = (value as { keys?: unknown } | null)?.keys ?? [value];
  if (!Array.isArray(keys) || keys.some((key) => typeof key !== 'object' || key === null)) throw unusable('it is no JWK Set');
  return keys as Jwk[];
}

function signingKey(jwk: Jwk): SigningKey {
  const alg = jwk.kty === 'RSA' ? 'RS384' : jwk.kty === 'EC' && jwk['crv'] === 'P-384' ? 'ES384' : undefined;
  if (alg === undefined) throw unusable('it is neither RSA nor P-384');
  if (typeof jwk['d'] !== 'string') throw unusable('it has no private part');
  if (jwk.kty === 'RSA' && Buffer.from(String(jwk['n']), 'base64url').length < 256) throw unusable('RSA keys have 2048 bits or more');
  if (jwk.alg !== undefined && jwk.alg !== alg) throw unusable(`its alg is not ${alg}`);
  return { key: jwk, kid: jwk.kid ?? thumbprint(jwk), alg };
}

/** RFC 7638: the same key has the same name wherever it is named. */
function thumbprint(jwk: Jwk): string {
  const members = jwk.kty === 'RSA' ? ['e', 'kty', 'n'] : ['crv', 'kty', 'x', 'y'];
  const text = JSON.stringify(Object.fromEntries(members.map((name) => [name, jwk[name]])));
  return createHash('sha256').update(text).digest('base64url');
}

/**
 * The published JWK Set (RFC 7517): public members, each with kty, kid, alg and use. A key that several identities have
 * stands in it once. One that cannot be read just now cannot sign either: it is told, and the others are published.
 *
 * @throws AORTA_SMART_014 when different keys have the same kid: the EHR could not tell which one signed
 */
export async function publicKeySet(
  sources: readonly KeySource[],
  unreadable?: (thrown: unknown) => void,
): Promise<{ readonly keys: readonly Jwk[] }> {
  const read = await Promise.allSettled(sources.map((source) => source.keys()));
  const failures = read.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  if (failures.length > 0 && (!unreadable || failures.length === read.length)) throw failures[0];
  for (const failure of failures) unreadable?.(failure);
  const byId = new Map<string, Jwk>();
  for (const { key, kid, alg } of read.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))) {
    const jwk = publicJwk({ ...key, kid, alg, use: 'sig' });
    const known = byId.get(kid);
    if (known && thumbprint(known) !== thumbprint(jwk)) throw error('AORTA_SMART_014', { kid: kid.slice(0, 60) });
    byId.set(kid, jwk);
  }
  return { keys: [...byId.values()] };
}
