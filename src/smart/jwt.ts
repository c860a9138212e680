import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import { type CryptoKey, compactVerify, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import { error } from '../errors/index.ts';

/** What SMART and CDS Hooks agree on; `none` and shared secrets are never taken. */
export const algorithms = ['RS384', 'ES384'] as const;
export type Algorithm = (typeof algorithms)[number];

/** A public or private JSON Web Key (RFC 7517). */
export interface Jwk {
  readonly kty: string;
  readonly kid?: string;
  readonly alg?: string;
  readonly use?: string;
  readonly [member: string]: unknown;
}

export interface JwtHeader {
  readonly alg: Algorithm;
  readonly kid: string;
  readonly jku?: string;
}

export type Claims = Readonly<Record<string, unknown>>;

const refused = (problem: string, cause?: unknown) => error('AORTA_SMART_009', { problem }, { cause });

/** Bytes of a token that are looked at; a header line is bounded anyway. */
const longest = 16 * 1024;

/** Header and claims as they stand, nothing verified: to find out whose keys to use. @throws AORTA_SMART_009 */
export function decode(token: string): { readonly header: JwtHeader; readonly claims: Claims } {
  if (token.length > longest) throw refused('it is too long');
  const parts = token.split('.');
  if (parts.length !== 3) throw refused('it is no signed JWT');
  const [head, claims] = [json(parts[0]), json(parts[1])];
  const { alg, kid, typ, jku, crit } = head;
  if (!algorithms.includes(alg as Algorithm)) throw refused('alg is not RS384 or ES384');
  if (typeof kid !== 'string' || kid === '' || kid.length > 256) throw refused('kid is missing');
  if (typeof typ !== 'string' || typ.toUpperCase() !== 'JWT') throw refused('typ is not JWT');
  if (jku !== undefined && typeof jku !== 'string') throw refused('jku is no text');
  if (crit !== undefined) throw refused('it has critical extensions');
  return { header: { alg: alg as Algorithm, kid, ...(typeof jku === 'string' ? { jku } : {}) }, claims };
}

function json(part: string | undefined): Record<string, unknown> {
  if (part === undefined || !/^[\w-]+$/.test(part)) throw refused('it is not base64url');
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Not repeated: it may be anything.
  }
  throw refused('it holds no JSON object');
}

/** What is made of a key for an algorithm, once: kept as long as the key object is. What throws is made again. */
function memory<T>(make: (jwk: Jwk, alg: Algorithm) => T): (jwk: Jwk, alg: Algorithm) => T {
  const all = new WeakMap<Jwk, Map<Algorithm, T>>();
  return (jwk, alg) => {
    const known = all.get(jwk) ?? new Map<Algorithm, T>();
    const made = known.get(alg);
    if (made !== undefined) return made;
    const fresh = make(jwk, alg);
    all.set(jwk, known.set(alg, fresh));
    return fresh;
  };
}

const fits = (jwk: Jwk, alg: Algorithm): boolean =>
  (alg === 'RS384' ? jwk.kty === 'RSA' : jwk.kty === 'EC' && jwk['crv'] === 'P-384') &&
  (jwk.alg ?? alg) === alg &&
  (jwk.use ?? 'sig') === 'sig';
/** RFC 7517, 4.3: a key that says what it is for is for nothing else. */
const verifies = (jwk: Jwk): boolean => {
  const does = jwk['key_ops'];
  return does === undefined || (Array.isArray(does) && does.includes('verify'));
};

const imported = (jwk: Jwk, alg: Algorithm, good: boolean): Promise<CryptoKey> => {
  const key = good ? (importJWK(jwk, alg) as Promise<CryptoKey>) : Promise.reject(new TypeError(`no ${alg} key for this`));
  key.catch(() => {});
  return key;
};

/** The key as the library takes it to sign. */
const signingKey = memory((jwk, alg) => imported(jwk, alg, fits(jwk, alg)));

/** The public half as the library takes it to verify. */
const verifyingKey = memory((jwk, alg) => imported(publicJwk(jwk), alg, fits(jwk, alg) && verifies(jwk)));

/** An RSA key as the machine takes it. Throws what is no key for RS384. */
const rsaKey = memory((jwk, alg): KeyObject => {
  if (!fits(jwk, alg) || !verifies(jwk)) throw new TypeError(`no ${alg} key that verifies`);
  const key = createPublicKey({ key: publicJwk(jwk) as JsonWebKey, format: 'jwk' });
  // RFC 7518, 3.3.
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) throw new TypeError('a modulus below 2048 bits');
  return key;
});

/** What is signed, and its signature. Another spelling of the same bytes is another token: there is one only. */
function partsOf(token: string): readonly [signed: Buffer, signature: Buffer] {
  const at = token.lastIndexOf('.');
  const given = token.slice(at + 1);
  const signature = Buffer.from(given, 'base64url');
  if (signature.toString('base64url') !== given) throw new TypeError('not the one spelling of it');
  return [Buffer.from(token.slice(0, at), 'latin1'), signature];
}

/**
 * Whether this key made its signature, with RS384: within the turn, which the library cannot. For who is let in while the
 * event loop is late, no more; trust rests on `verifySignature`.
 */
export function fitsRsa(token: string, jwk: Jwk): boolean {
  try {
    const [signed, signature] = partsOf(token);
    return verify('sha384', signed, rsaKey(jwk, 'RS384'), signature);
  } catch {
    return false;
  }
}

/** Checks the signature with this key, nothing else. RSA keys have 2048 bits at least (RFC 7518, 3.3). @throws AORTA_SMART_009 */
export async function verifySignature(token: string, jwk: Jwk, alg: Algorithm): Promise<void> {
  try {
    partsOf(token);
    await compactVerify(token, await verifyingKey(jwk, alg), { algorithms: [alg] });
  } catch (thrown) {
    throw refused('its signature does not fit', thrown);
  }
}

/** A compact JWT with `typ: JWT`. @throws AORTA_SMART_008 */
export async function sign(
  claims: Claims,
  { key, alg, kid, jku }: { readonly key: Jwk; readonly alg: Algorithm; readonly kid: string; readonly jku?: string },
): Promise<string> {
  try {
    const header = { alg, kid, typ: 'JWT', ...(jku === undefined ? {} : { jku }) };
    return await new SignJWT({ ...claims }).setProtectedHeader(header).sign(await signingKey(key, alg));
  } catch (thrown) {
    throw error('AORTA_SMART_008', { problem: `it does not sign ${alg}` }, { cause: thrown });
  }
}

/** A new private key: for sandboxes, tests and `aorta probe`. */
export async function makeKey(alg: Algorithm, kid: string): Promise<Jwk> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 });
  return { ...((await exportJWK(privateKey)) as Jwk), alg, kid, use: 'sig' };
}

const publicMembers = ['kty', 'kid', 'alg', 'use', 'n', 'e', 'crv', 'x', 'y'] as const;

/** The public half, by naming what is public: a private member that nobody thought of stays out. */
export function publicJwk(jwk: Jwk): Jwk {
  return Object.fromEntries(publicMembers.flatMap((name) => (jwk[name] === undefined ? [] : [[name, jwk[name]]]))) as unknown as Jwk;
}
