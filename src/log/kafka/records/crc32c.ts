/**
 * CRC-32C (Castagnoli), as record batches carry it. Eight tables, eight bytes a step: Node has CRC-32 only, and the
 * plain one-table loop costs more than the rest of the encoder.
 */
const tables: readonly Int32Array[] = (() => {
  const all = Array.from({ length: 8 }, () => new Int32Array(256));
  const first = all[0] as Int32Array;
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
    first[n] = c;
  }
  for (let n = 0; n < 256; n++) {
    let c = first[n] as number;
    for (let t = 1; t < 8; t++) {
      c = (first[c & 0xff] as number) ^ (c >>> 8);
      (all[t] as Int32Array)[n] = c;
    }
  }
  return all;
})();

const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];

/** Unsigned CRC-32C of `buffer[start, end)`. */
export function crc32c(buffer: Uint8Array, start = 0, end = buffer.length): number {
  let crc = -1;
  let i = start;
  for (const stop = end - 7; i < stop; i += 8) {
    crc ^= (buffer[i] as number) | ((buffer[i + 1] as number) << 8) | ((buffer[i + 2] as number) << 16) | ((buffer[i + 3] as number) << 24);
    crc =
      (t7[crc & 0xff] as number) ^
      (t6[(crc >>> 8) & 0xff] as number) ^
      (t5[(crc >>> 16) & 0xff] as number) ^
      (t4[crc >>> 24] as number) ^
      (t3[buffer[i + 4] as number] as number) ^
      (t2[buffer[i + 5] as number] as number) ^
      (t1[buffer[i + 6] as number] as number) ^
      (t0[buffer[i + 7] as number] as number);
  }
  for (; i < end; i++) crc = (t0[(crc ^ (buffer[i] as number)) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}
