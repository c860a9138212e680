import type { Clock, Random } from './clock.ts';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** 26 characters: 48 bits of time, 80 bits from `bytes` (10 bytes). Sorts by time. See the ULID specification. */
export function ulidFrom(time: number, bytes: Uint8Array): string {
  let text = '';
  for (let shift = 45; shift >= 0; shift -= 5) text += alphabet[Math.floor(time / 2 ** shift) % 32];
  let buffer = 0;
  let bits = 0;
  for (let i = 0; i < 10; i++) {
    buffer = (buffer << 8) | (bytes[i] ?? 0);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(buffer >>> bits) & 31];
    }
    buffer &= (1 << bits) - 1;
  }
  return text;
}

/** A new opaque, time-sorted id. */
export const ulid = (clock: Clock, random: Random): string => ulidFrom(clock.now(), random.bytes(10));
