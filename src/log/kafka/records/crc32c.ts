/**
 * CRC-32C (Castagnoli), as record batches carry it: Node has CRC-32 only. Sixteen bytes a step, read as four aligned words
 * through sixteen tables in one array: twice the speed of eight tables and single bytes (docs/performance.md). Words are
 * read as the machine has them, which is little-endian wherever Node 24 runs.
 */
import { type Lanes, lanesOf } from './crc32cLanes.ts';

const table = (() => {
  const all = new Int32Array(16 * 256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
    all[n] = c;
  }
  for (let n = 0; n < 256; n++) {
    let c = all[n] as number;
    for (let t = 1; t < 16; t++) {
      c = (all[c & 0xff] as number) ^ (c >>> 8);
      all[t * 256 + n] = c;
    }
  }
  return all;
})();

/** The table of the byte that has `after` more bytes of its step behind it. */
const look = (after: number, byte: number): number => table[after * 256 + byte] as number;

function bytes(buffer: Uint8Array, start: number, end: number, seed: number): number {
  let crc = seed;
  for (let i = start; i < end; i++) crc = look(0, (crc ^ (buffer[i] as number)) & 0xff) ^ (crc >>> 8);
  return crc;
}

/** From here on the lanes are faster, with the copy that they need. */
const longBytes = 4096;
let lanes: Lanes | null | undefined;

/** Unsigned CRC-32C of `buffer[start, end)`. */
export function crc32c(buffer: Uint8Array, start = 0, end = buffer.length): number {
  if (end - start < longBytes) return crc32cOfWords(buffer, start, end);
  if (lanes === undefined) lanes = lanesOf() ?? null;
  if (lanes === null) return crc32cOfWords(buffer, start, end);
  const whole = start + ((end - start) & ~255);
  return (bytes(buffer, whole, end, lanes(buffer, start, whole, -1)) ^ -1) >>> 0;
}

/** The same through the tables only. */
export function crc32cOfWords(buffer: Uint8Array, start = 0, end = buffer.length): number {
  const aligned = Math.min(end, start + ((4 - ((buffer.byteOffset + start) & 3)) & 3));
  let crc = bytes(buffer, start, aligned, -1);
  const steps = (end - aligned) >>> 4;
  if (steps === 0) return (bytes(buffer, aligned, end, crc) ^ -1) >>> 0;
  const words = new Int32Array(buffer.buffer, buffer.byteOffset + aligned, steps * 4);
  for (let i = 0; i < words.length; i += 4) {
    const a = crc ^ (words[i] as number);
    const b = words[i + 1] as number;
    const c = words[i + 2] as number;
    const d = words[i + 3] as number;
    crc =
      look(15, a & 0xff) ^
      look(14, (a >>> 8) & 0xff) ^
      look(13, (a >>> 16) & 0xff) ^
      look(12, a >>> 24) ^
      look(11, b & 0xff) ^
      look(10, (b >>> 8) & 0xff) ^
      look(9, (b >>> 16) & 0xff) ^
      look(8, b >>> 24) ^
      look(7, c & 0xff) ^
      look(6, (c >>> 8) & 0xff) ^
      look(5, (c >>> 16) & 0xff) ^
      look(4, c >>> 24) ^
      look(3, d & 0xff) ^
      look(2, (d >>> 8) & 0xff) ^
      look(1, (d >>> 16) & 0xff) ^
      look(0, d >>> 24);
  }
  return (bytes(buffer, aligned + (steps << 4), end, crc) ^ -1) >>> 0;
}
