import { op, type PlanNode } from './plan.ts';

/** What a payload may ask of the decoder. The defaults keep every payload under 5 ms per started MiB. */
export interface CodecLimits {
  /** Decoding units (about 35 ns: a number 1, a string 4, a record 3 and its fields) per started MiB of payload. @default 135_168 */
  readonly unitsPerMiB: number;
  /** Items that take no bytes (null, empty records) in all arrays and maps together. @default 1_024 */
  readonly zeroSizeItems: number;
  /** Nesting of records, arrays, maps and unions. @default 64 */
  readonly depth: number;
}

export const defaultLimits: CodecLimits = { unitsPerMiB: 135_168, zeroSizeItems: 1_024, depth: 64 };

const malformed = -Number.MAX_VALUE;

/**
 * The pre-check: follows the writer's plan over a payload, reading lengths, counts and indices only. It allocates
 * nothing, reads every byte at most once, and ends at the first claim that the bytes cannot keep. After `run` returned
 * true, avsc decodes the same bytes without surprise (but for a long beyond 2^53, see `unsafeLong`).
 */
export class Walk {
  #buf: Buffer = Buffer.alloc(0);
  #pos = 0;
  #end = 0;
  #units = 0;
  #zeros = 0;
  #depth = 0;
  readonly #limits: CodecLimits;
  /** Why the last run returned false; never holds a value of the payload. */
  problem = '';
  /** Where, as a path of field names. */
  path = '';
  /** The last run saw a long beyond 2^53, which avsc refuses if the reader wants it. */
  unsafeLong = false;

  constructor(limits: CodecLimits = defaultLimits) {
    this.#limits = limits;
  }

  /** Is `buf` from `from` on exactly one value of this plan, within the limits? */
  run(plan: PlanNode, buf: Buffer, from: number): boolean {
    this.#buf = buf;
    this.#pos = from;
    this.#end = buf.length;
    this.#units = this.#limits.unitsPerMiB * Math.max(1, (buf.length - from) / 1_048_576);
    this.#zeros = this.#limits.zeroSizeItems;
    this.#depth = this.#limits.depth;
    this.path = '';
    this.unsafeLong = false;
    const ok = this.#value(plan) && (this.#pos === this.#end || this.#fail('trailing bytes'));
    this.#buf = empty; // Or the walk would keep a whole fetch alive.
    return ok;
  }

  #value(node: PlanNode): boolean {
    switch (node.op) {
      case op.none:
        return true;
      case op.boolean: {
        const byte = this.#buf[this.#pos++];
        return byte === 0 || byte === 1 || this.#fail(byte === undefined ? 'truncated' : 'a boolean is neither 0 nor 1');
      }
      case op.int: {
        const value = this.#varint();
        return (
          (value >= -2147483648 && value <= 2147483647) ||
          this.#fail(value === malformed ? 'truncated or overlong number' : 'an int beyond 32 bits')
        );
      }
      case op.long: {
        const value = this.#varint();
        if (value > Number.MAX_SAFE_INTEGER || value < -Number.MAX_SAFE_INTEGER) {
          if (value === malformed) return this.#fail('truncated or overlong number');
          this.unsafeLong = true;
        }
        return true;
      }
      case op.skip:
        this.#pos += node.size;
        return this.#pos <= this.#end || this.#fail('truncated');
      case op.blob: {
        const length = this.#varint();
        if (!(length >= 0 && length <= this.#end - this.#pos)) return this.#fail(lengthProblem(length));
        this.#pos += length;
        return true;
      }
      case op.index: {
        const index = this.#varint();
        return (index >= 0 && index < node.size) || this.#fail('no such enum symbol');
      }
      case op.union: {
        const branch = node.parts[this.#varint()];
        if (branch === undefined) return this.#fail('no such union branch');
        if (branch.op <= op.index) return this.#value(branch);
        if (--this.#depth < 0) return this.#fail('nested too deeply');
        if (!this.#value(branch)) return false;
        this.#depth++;
        return true;
      }
      case op.record:
        return this.#record(node);
      default:
        return this.#blocks(node);
    }
  }

  #record(node: PlanNode): boolean {
    if (--this.#depth < 0) return this.#fail('nested too deeply');
    if (node.recursive && !this.#charge(node.cost)) return false;
    const { parts } = node;
    for (let i = 0; i < parts.length; i++) {
      if (!this.#value(parts[i] as PlanNode)) {
        this.path = `.${node.names[i]}${this.path}`;
        return false;
      }
    }
    this.#depth++;
    return true;
  }

  /** Arrays and maps: blocks of (count, items), or (-count, size in bytes, items), until a count of 0. */
  #blocks(node: PlanNode): boolean {
    if (--this.#depth < 0) return this.#fail('nested too deeply');
    const item = node.parts[0] as PlanNode;
    const isMap = node.op === op.map;
    // The key of a map takes a byte at least; a new property costs twice what a string does.
    const min = item.min + (isMap ? 1 : 0);
    const cost = (item.recursive ? 0 : item.cost) + (isMap ? 8 : 0);
    for (;;) {
      let count = this.#varint();
      if (count === 0) break;
      let blockEnd = -1;
      if (count < 0) {
        if (count === malformed) return this.#fail('truncated or overlong block count');
        count = -count;
        const size = this.#varint();
        if (!(size >= 0 && size <= this.#end - this.#pos)) return this.#fail('a block size beyond the payload');
        blockEnd = this.#pos + size;
      }
      if (min === 0) {
        this.#zeros -= count;
        if (this.#zeros < 0) return this.#fail('too many items of no size');
      } else if (count > (this.#end - this.#pos) / min) return this.#fail('a block count beyond the payload');
      if (!this.#charge(count * cost)) return false;
      // Numbers of fixed size hold nothing to look at: the count was checked against the payload.
      const skipped = item.op === op.skip && !isMap;
      if (skipped) this.#pos += count * item.size;
      for (let i = skipped ? count : 0; i < count; i++) {
        if ((isMap && !this.#key()) || !this.#value(item)) {
          this.path = `[]${this.path}`;
          return false;
        }
      }
      // avsc trusts this size when it skips a field that the reader dropped.
      if (blockEnd >= 0 && blockEnd !== this.#pos) return this.#fail('a block size that its items do not have');
    }
    this.#depth++;
    return true;
  }

  #key(): boolean {
    const length = this.#varint();
    if (!(length >= 0 && length <= this.#end - this.#pos)) return this.#fail(lengthProblem(length));
    // avsc builds maps on plain objects: this key would replace the prototype.
    if (length === 9 && this.#buf.toString('latin1', this.#pos, this.#pos + 9) === '__proto__') return this.#fail("a map key '__proto__'");
    this.#pos += length;
    return true;
  }

  /** A zigzag varint of at most 10 bytes; exact up to 2^53, then rounded, which is enough to refuse by. */
  #varint(): number {
    const buf = this.#buf;
    let byte = buf[this.#pos++];
    if (byte === undefined) return malformed;
    if (byte < 0x80) return (byte >> 1) ^ -(byte & 1);
    let low = byte & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      byte = buf[this.#pos++];
      if (byte === undefined) return malformed;
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (low >> 1) ^ -(low & 1);
    }
    let value = low;
    let scale = 2 ** 28;
    for (let bytes = 5; bytes <= 10; bytes++) {
      byte = buf[this.#pos++];
      if (byte === undefined || (bytes === 10 && byte > 1)) return malformed;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return (value % 2 ? -(value + 1) : value) / 2;
      scale *= 128;
    }
    return malformed;
  }

  #charge(units: number): boolean {
    this.#units -= units;
    return this.#units >= 0 || this.#fail('too many values');
  }

  #fail(problem: string): false {
    this.problem = problem;
    return false;
  }
}

const empty: Buffer = Buffer.alloc(0);
const lengthProblem = (length: number): string =>
  length === malformed ? 'truncated or overlong length' : length < 0 ? 'a negative length' : 'a length beyond the payload';
