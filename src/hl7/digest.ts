import { createHash, hash as hashOf } from 'node:crypto';
import type { Message } from './message.ts';
import { type Sliced, sliceBytes } from './sliced.ts';

/** SHA-256 (hex) of all segments but MSH: a message sent again has a new MSH-7, but the same content. */
export function* contentDigest(message: Message): Sliced<string> {
  const { bytes } = message.reading;
  if (bytes.length - message.bodyStart <= sliceBytes) return hashOf('sha256', bytes.subarray(message.bodyStart), 'hex');
  const hash = createHash('sha256');
  for (let at = message.bodyStart; at < bytes.length; at += sliceBytes) {
    hash.update(bytes.subarray(at, at + sliceBytes));
    if (at + sliceBytes < bytes.length) yield;
  }
  return hash.digest('hex');
}
