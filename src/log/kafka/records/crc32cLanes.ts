/**
 * CRC-32C of long buffers, 16 streams of the buffer side by side in the lanes of SIMD registers. In them a table of 256 is two of
 * 16 (one of each half of a byte), which one instruction looks up for all lanes; JavaScript pays a bounds check for every byte. The
 * WebAssembly is made here, as it is one loop that is rolled out: no build step, and nothing that cannot be read.
 */
/** The part of it that is used here: TypeScript has it with the browser's types only. */
declare const WebAssembly:
  | {
      readonly Module: new (bytes: Uint8Array) => object;
      readonly Instance: new (module: object) => { readonly exports: unknown };
    }
  | undefined;

const polynomial = 0x82f63b78;
const lanes = 16;
/** Bytes of a stream that one pass of the loop takes: a register of each stream. */
const step = 16;
/**
 * Most that is copied to the module's memory at once: it stays in the processor's cache. The streams are not a multiple of 4 KiB
 * apart, which would put them all on the same lines of it.
 */
const most = lanes * (8192 + 64);
/** The state (four registers: the first, second, third and fourth byte of each stream's) is in front of the bytes. */
const dataAt = 64;

/** CRCs of single bytes; of `n << 4` are those of the upper half. */
const single = (byte: number): number => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (polynomial & -(crc & 1));
  return crc;
};

const unsigned = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...unsigned(n >>> 7)]);
const list = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()];
const section = (id: number, body: readonly number[]): number[] => [id, ...unsigned(body.length), ...body];
const sixteen = (each: (n: number) => number): number[] => Array.from({ length: lanes }, (_, n) => each(n));

/** `run(at, distance, passes)`: goes on from the state in memory over 16 streams of `passes` times 16 bytes, and leaves it there. */
function moduleBytes(): Uint8Array {
  const [at, distance, passes] = [0, 1, 2];
  const [state, tables, rows, others, index, low, high, place] = [3, 7, 15, 31, 47, 48, 49, 50];
  const get = (local: number) => [0x20, ...unsigned(local)];
  const set = (local: number) => [0x21, ...unsigned(local)];
  /** Below 64. */
  const int = (n: number) => [0x41, n];
  const vector = (bytes: readonly number[]) => [0xfd, 0x0c, ...bytes];
  const load = (offset: number) => [0xfd, 0x00, 0, ...unsigned(offset)];
  const store = (offset: number) => [0xfd, 0x0b, 0, ...unsigned(offset)];
  const shuffle = (order: readonly number[]) => [0xfd, 0x0d, ...order];
  const and = [0xfd, 0x4e];
  const xor = [0xfd, 0x51];
  const shiftRight = [0xfd, 0x6d];
  /** i8x16.relaxed_swizzle: as no index is above 15 it is the same on every machine. */
  const lookUp = [0xfd, 0x80, 0x02];
  const add = [0x6a];
  const subtract = [0x6b];

  const code: number[] = [];
  const put = (...parts: readonly (readonly number[])[]) => {
    for (const part of parts) code.push(...part);
  };
  for (let byte = 0; byte < 4; byte++) {
    put(vector(sixteen((n) => (single(n) >>> (8 * byte)) & 0xff)), set(tables + 2 * byte));
    put(vector(sixteen((n) => (single(n << 4) >>> (8 * byte)) & 0xff)), set(tables + 2 * byte + 1));
    put(int(0), load(16 * byte), set(state + byte));
  }
  put([0x03, 0x40]);
  put(get(at), set(place));
  for (let stream = 0; stream < lanes; stream++) {
    put(get(place), load(0), set(rows + stream));
    put(get(place), get(distance), add, set(place));
  }
  // Transposed: a register of one stream's bytes becomes one of all streams' bytes of one place.
  const first = sixteen((n) => (n & 1 ? lanes : 0) + (n >> 1));
  const second = first.map((n) => n + 8);
  for (let round = 0; round < 4; round++) {
    const [from, to] = round % 2 === 0 ? [rows, others] : [others, rows];
    for (let i = 0; i < 8; i++) {
      put(get(from + i), get(from + i + 8), shuffle(first), set(to + 2 * i));
      put(get(from + i), get(from + i + 8), shuffle(second), set(to + 2 * i + 1));
    }
  }
  for (let i = 0; i < step; i++) {
    put(get(rows + i), get(state), xor, set(index));
    put(get(index), vector(sixteen(() => 15)), and, set(low));
    put(get(index), int(4), shiftRight, set(high));
    for (let byte = 0; byte < 4; byte++) {
      put(get(tables + 2 * byte), get(low), lookUp, get(tables + 2 * byte + 1), get(high), lookUp, xor);
      if (byte < 3) put(get(state + byte + 1), xor);
      put(set(state + byte));
    }
  }
  put(get(at), int(step), add, set(at));
  put(get(passes), int(1), subtract, [0x22, passes], [0x0d, 0], [0x0b]);
  for (let byte = 0; byte < 4; byte++) put(int(0), get(state + byte), store(16 * byte));
  put([0x0b]);

  const [i32, v128] = [0x7f, 0x7b];
  const body = [
    ...list([
      [...unsigned(place - state), v128],
      [1, i32],
    ]),
    ...code,
  ];
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list([[0x60, ...list([[i32], [i32], [i32]]), 0]])),
    ...section(3, list([[0]])),
    ...section(5, list([[0, Math.ceil((dataAt + most) / 65536)]])),
    ...section(
      7,
      list([
        [1, 0x6d, 2, 0],
        [1, 0x72, 0, 0],
      ]),
    ),
    ...section(10, list([[...unsigned(body.length), ...body]])),
  ]);
}

/** Product of two polynomials (the bit of x⁰ is the highest). */
function product(a: number, b: number): number {
  let result = 0;
  let shifted = b;
  for (let bit = 31; bit >= 0; bit--) {
    result ^= shifted & -((a >>> bit) & 1);
    shifted = (shifted >>> 1) ^ (polynomial & -(shifted & 1));
  }
  return result;
}

/** x to the power of 8, 16, 32, …: what a CRC is multiplied with for 1, 2, 4, … zero bytes behind it. */
const zeroBytes = [1 << 23];
while (zeroBytes.length < 20) zeroBytes.push(product(zeroBytes.at(-1) as number, zeroBytes.at(-1) as number));

function behindZeros(count: number): number {
  let factor = 1 << 31;
  for (let i = 0; count >>> i !== 0; i++) if ((count >>> i) & 1) factor = product(zeroBytes[i] as number, factor);
  return factor;
}

export type Lanes = (buffer: Uint8Array, start: number, end: number, seed: number) => number;

interface Exports {
  readonly m: { readonly buffer: ArrayBuffer };
  r(at: number, distance: number, passes: number): void;
}

/** Undefined where the machine, or a process without a compiler (`--jitless`), cannot run it. */
function made(): Exports | undefined {
  if (typeof WebAssembly === 'undefined') return undefined;
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(moduleBytes())).exports as Exports;
  } catch {
    return undefined;
  }
}

/** Of a multiple of 256 bytes, not inverted. */
export function lanesOf(): Lanes | undefined {
  const exports = made();
  if (!exports) return undefined;
  const { m, r } = exports;
  const memory = new Uint8Array(m.buffer);
  const state = memory.subarray(0, dataAt);
  return (buffer, start, end, seed) => {
    let crc = seed;
    for (let from = start; from < end; ) {
      const to = Math.min(end, from + most);
      const distance = (to - from) / lanes;
      memory.set(buffer.subarray(from, to), dataAt);
      state.fill(0);
      for (let byte = 0; byte < 4; byte++) state[16 * byte] = crc >>> (8 * byte);
      r(dataAt, distance, distance / step);
      const factor = behindZeros(distance);
      crc = 0;
      for (let stream = 0; stream < lanes; stream++) {
        const [a, b, c, d] = [state[stream], state[stream + 16], state[stream + 32], state[stream + 48]] as [
          number,
          number,
          number,
          number,
        ];
        crc = product(crc, factor) ^ (a | (b << 8) | (c << 16) | (d << 24));
      }
      from = to;
    }
    return crc;
  };
}
