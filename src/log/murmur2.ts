/**
 * Murmur2 as Kafka's Java client computes it (seed 0x9747b28c, little-endian words, 32-bit wrap-around), so that records
 * written by any Kafka client with a key land on the same partition. Nothing is allocated for keys up to 1 KiB.
 */
import { putAscii } from './ascii.ts';

const seed = 0x9747b28c;
const m = 0x5bd1e995;

let scratch = Buffer.allocUnsafeSlow(1024);

/** Signed 32-bit hash of `length` bytes. */
export function murmur2(data: Uint8Array, length: number = data.length): number {
  let h = seed ^ length;
  const words = length & ~3;
  for (let i = 0; i < words; i += 4) {
    let k = (data[i] as number) | ((data[i + 1] as number) << 8) | ((data[i + 2] as number) << 16) | ((data[i + 3] as number) << 24);
    k = Math.imul(k, m);
    k ^= k >>> 24;
    h = Math.imul(h, m) ^ Math.imul(k, m);
  }
  const rest = length & 3;
  if (rest === 3) h ^= (data[words + 2] as number) << 16;
  if (rest >= 2) h ^= (data[words + 1] as number) << 8;
  if (rest >= 1) h = Math.imul(h ^ (data[words] as number), m);
  h = Math.imul(h ^ (h >>> 13), m);
  return h ^ (h >>> 15);
}

/** The hash of a string's UTF-8 bytes. */
export function murmur2Text(key: string): number {
  // Three bytes a UTF-16 unit is the most UTF-8 can need.
  if (key.length * 3 > scratch.length) scratch = Buffer.allocUnsafeSlow(key.length * 3);
  return murmur2(scratch, putAscii(scratch, 0, key) ? key.length : scratch.write(key, 'utf8'));
}

/** Partition of a key: the positive part of the hash modulo the partition count (Kafka's default partitioner). */
export function partitionOf(key: Uint8Array | string, partitions: number): number {
  return ((typeof key === 'string' ? murmur2Text(key) : murmur2(key)) & 0x7fffffff) % partitions;
}
