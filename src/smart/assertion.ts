import { error } from '../errors/index.ts';
import { type Algorithm, sign } from './jwt.ts';
import type { SigningKey } from './keys.ts';
import type { Clock, Random } from './ports.ts';

/** Seconds that an assertion is good for; the standard allows 300. Clocks differ, so it is not used up. */
const lifetime = 240;

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export interface AssertionOptions {
  readonly clientId: string;
  /** The URL it is posted to. */
  readonly audience: string;
  readonly keys: readonly SigningKey[];
  /** What the server verifies. */
  readonly algorithms: readonly Algorithm[];
  /** As registered at the server, where a JWK Set URL was. */
  readonly jku?: string;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * A one-time authentication JWT (SMART 2.2, "Authenticating to the token endpoint"): iss and sub are the client id, aud
 * is the token URL, exp at most 5 minutes ahead, jti of 128 random bits that is never used again, also not for a retry.
 */
export function assertion({ clientId, audience, keys, algorithms, jku, clock, random }: AssertionOptions): Promise<string> {
  const signing = keys.find(({ alg }) => algorithms.includes(alg));
  if (!signing) throw error('AORTA_SMART_008', { problem: `the server verifies ${algorithms.join(' and ')} only` });
  const now = Math.floor(clock.now() / 1000);
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: audience,
    iat: now,
    exp: now + lifetime,
    jti: Buffer.from(random.bytes(16)).toString('base64url'),
  };
  return sign(claims, { ...signing, ...(jku === undefined ? {} : { jku }) });
}
