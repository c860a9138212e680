import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { error } from '../errors/index.ts';
import type { BlobRef } from './port.ts';

const step = 1024 * 1024;
const pattern = /^blob:sha256\/([0-9a-f]{64})$/;

/** The reference of a body. Large bodies are hashed in steps, so that no other sender waits for it. */
export async function referenceOf(bytes: Buffer): Promise<BlobRef> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += step) {
    if (at > 0) await setImmediate();
    hash.update(bytes.subarray(at, at + step));
  }
  const sha256 = hash.digest('hex');
  return { ref: `blob:sha256/${sha256}`, sha256, size: bytes.length };
}

/** The digest in a reference; only lower-case hexadecimal digits, so it is safe as a file name (AORTA_BLOB_003). */
export function digestIn(ref: string): string {
  const found = pattern.exec(ref);
  if (!found) throw error('AORTA_BLOB_003');
  return found[1] as string;
}

/** AORTA_BLOB_002 if the bytes are not those of the reference. */
export async function checkDigest(ref: string, bytes: Buffer): Promise<Buffer> {
  if ((await referenceOf(bytes)).ref !== ref) throw error('AORTA_BLOB_002', { ref });
  return bytes;
}
