import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import { decode } from '../../../src/smart/index.ts';

/** Whether Redis knows that a token was taken: who asked a worker instead would make it known. */
export async function knowsToken({ url }: { readonly url: string }, authorization: string): Promise<boolean> {
  const { iss, jti } = decode(authorization.replace(/^Bearer /, '')).claims;
  const name = createHash('sha256').update(`${iss} ${jti}`).digest('base64url');
  const admin = new Redis(url);
  try {
    return (await admin.exists(`aorta:claim:once:${name}`)) === 1;
  } finally {
    admin.disconnect();
  }
}
