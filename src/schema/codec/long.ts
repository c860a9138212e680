import avro from 'avsc';
import type { Tap } from './tap.ts';

/** avsc's arithmetic on zigzag values is exact below this. */
const exact = 2 ** 52;

/**
 * Avro long as a JavaScript number, exact over all safe integers; beyond them reading and writing throw.
 *
 * avsc 5.7.9 zigzags in doubles: from 2^52 on, the doubled value's last bit, which is the sign, is rounded away, and
 * -4503599627370497 is read as 4503599627370496 without an error (also written so). Only such values take the BigInt way.
 */
class ExactLong extends avro.types.LongType {
  _read(tap: Tap): number {
    const start = tap.pos;
    const value = tap.readLong();
    return value < exact && value > -exact ? value : exactly(tap.buf, start);
  }

  _write(tap: Tap, value: unknown): void {
    if (!Number.isSafeInteger(value)) throw new Error('not a safe integer');
    const n = value as number;
    if (n < exact && n > -exact) tap.writeLong(n);
    else write(tap, BigInt(n));
  }

  _check(value: unknown, _flags: unknown, hook?: (value: unknown, type: unknown) => void): boolean {
    const ok = Number.isSafeInteger(value);
    if (!ok && hook) hook(value, this);
    return ok;
  }
}

export const exactLong = new ExactLong();

/** The long at `start`, which the caller knows to be complete. */
function exactly(buf: Buffer, start: number): number {
  let raw = 0n;
  for (let i = 0; i < 10; i++) {
    const byte = buf[start + i] ?? 0;
    raw |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) break;
  }
  const value = Number((raw >> 1n) ^ -(raw & 1n));
  if (!Number.isSafeInteger(value)) throw new Error('a long beyond 2^53');
  return value;
}

function write(tap: Tap, value: bigint): void {
  let raw = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  for (; raw >= 0x80n; raw >>= 7n) tap.buf[tap.pos++] = Number(raw & 0x7fn) | 0x80;
  tap.buf[tap.pos++] = Number(raw);
}
