/**
 * Record batches (magic 2) of one partition, as a fetch response holds them. Read here and not by kafkajs because
 * kafkajs never gets past a batch that compaction emptied, checks no CRC, and spends several BigInts on every record.
 *
 * A record's value is a view of what was read (of what was inflated, where it was compressed): a copy of each was a tenth
 * of the time that a record takes (docs/performance.md). Who keeps records copies them (../../slabs.ts).
 */
import type { Headers, HeaderValue, LogRecord } from '../../port.ts';
import { inflate } from './compression.ts';
import { crc32c } from './crc32c.ts';
import { batchHeaderBytes } from './encode.ts';

export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

export interface Decoded {
  readonly records: LogRecord[];
  /** The offset to fetch next; equal to `from` when nothing complete was there. */
  readonly next: number;
}

/** What is wrong with a batch, and where; the adapter makes a coded error of it. */
export class UnreadableBatch extends Error {
  readonly offset: number;
  constructor(offset: number, problem: string) {
    super(problem);
    this.name = 'UnreadableBatch';
    this.offset = offset;
  }
}

const transactional = 0x10;
const control = 0x20;
const logAppendTime = 0x08;
const none: Buffer = Buffer.alloc(0);
/** Longest key or value of a header that is looked at for being a text, and longest name that is kept. */
const textBytes = 128;

/** No prototype: a header may be called `__proto__`. From a function, as what `Object.create(null)` makes is a slow hash table. */
const Bag = function Bag() {} as unknown as new () => Record<string, HeaderValue>;
Bag.prototype = Object.create(null);
const noHeaders: Headers = Object.freeze(new Bag());

/** A cursor of varints over one batch's records: nothing behind `end`, which is the end of one record, is read. */
class Cursor {
  data: Buffer;
  at: number;
  end: number;

  constructor(data: Buffer, at: number) {
    this.data = data;
    this.at = at;
    this.end = data.length;
  }

  /** Zigzag int32. */
  varint(): number {
    let value = 0;
    let shift = 0;
    for (;;) {
      if (this.at >= this.end || shift > 28) throw new RangeError('a record ends inside a number');
      const byte = this.data[this.at++] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
      shift += 7;
    }
  }

  /** Zigzag int64 as a double: exact up to 2^53, far beyond any timestamp. */
  varlong(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (this.at >= this.end) break;
      const byte = this.data[this.at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      scale *= 128;
    }
    throw new RangeError('a record ends inside a number');
  }

  /** The length of a field, which begins here and lies within the record; -1 for null. */
  length(): number {
    const length = this.varint();
    if (length < -1 || this.at + length > this.end) throw new RangeError('a field is longer than its record');
    return length;
  }

  /** A length-prefixed field as a view; null for length -1. */
  view(): Buffer | null {
    const length = this.length();
    if (length === -1) return null;
    this.at += length;
    return this.data.subarray(this.at - length, this.at);
  }

  /** The same; a short one that is ASCII as a string, which costs less than a view and nearly all of them become sooner or later. */
  text(): HeaderValue | null {
    const length = this.length();
    if (length === -1) return null;
    const { at, data } = this;
    this.at += length;
    if (length <= textBytes) {
      let i = at;
      while (i < this.at && (data[i] as number) < 0x80) i++;
      if (i === this.at) return data.toString('latin1', at, i);
    }
    return data.subarray(at, this.at);
  }

  /** The name of a header. They are read as often as records, but there are few of them: decoded once, found by their bytes. */
  name(): string {
    const length = Math.max(0, this.length());
    const { at, data } = this;
    this.at += length;
    if (length === 0 || length > textBytes) return data.toString('utf8', at, at + length);
    const slot = (length << 16) | ((data[at] as number) << 8) | (data[at + length - 1] as number);
    const known = names.get(slot);
    if (known !== undefined) {
      const { bytes } = known;
      let i = 0;
      while (i < length && data[at + i] === bytes[i]) i++;
      if (i === length) return known.name;
    }
    const name = data.toString('utf8', at, at + length);
    if (names.size < 1024) names.set(slot, { bytes: Buffer.from(data.subarray(at, at + length)), name });
    return name;
  }
}

/** By length, first and last byte. */
const names = new Map<number, { readonly bytes: Buffer; readonly name: string }>();

function readHeaders(cursor: Cursor): Headers {
  const count = cursor.varint();
  if (count === 0) return noHeaders;
  const headers = new Bag();
  for (let i = 0; i < count; i++) {
    const name = cursor.name();
    const value = cursor.text();
    // Of several values with one name the last counts; a null value is an absent header.
    if (value === null) delete headers[name];
    else headers[name] = value;
  }
  return headers;
}

const safe = (value: bigint, offset: number): number => {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new UnreadableBatch(offset, `the number ${value} is beyond 2^53`);
  return number;
};

/**
 * Reads the records at or after `from`, a piece at a time: what is not taken yet is no object yet, and does not survive
 * collections while its partition is paused. A cut-off last batch is left for the next fetch.
 */
export class BatchReader {
  /** The offset to fetch next, were nothing more taken. */
  next: number;
  #data: Buffer;
  readonly #from: number;
  /** Sorted by where they begin; those that have begun, and not ended, are in `#abortedNow`. */
  readonly #aborted: readonly AbortedTransaction[];
  readonly #abortedNow = new Set<bigint>();
  #nextAborted = 0;
  /** Where the batch behind the one that is read begins. */
  #at = 0;
  /** Of the batch that is read: its records, how many are left, and what their numbers count from. */
  #cursor = new Cursor(none, 0);
  #bodyEnd = 0;
  #left = 0;
  #base = 0;
  #last = 0;
  #first = 0;
  #appended: number | undefined;

  constructor(data: Buffer, from: number, aborted: readonly AbortedTransaction[] = []) {
    this.#data = data;
    this.next = this.#from = from;
    this.#aborted = aborted.length > 1 ? [...aborted].sort((a, b) => a.firstOffset - b.firstOffset) : aborted;
  }

  /** Nothing is left but, perhaps, a cut-off batch. */
  get done(): boolean {
    return this.#left === 0 && this.#endOf(this.#at) === undefined;
  }

  /** At most `limit` records; none: there are no more. Throws `UnreadableBatch` where the next one cannot be read: those before it were given. */
  take(limit: number): LogRecord[] {
    const records: LogRecord[] = [];
    try {
      while (records.length < limit && (this.#left > 0 || this.#begin())) this.#read(records, limit);
    } catch (cause) {
      // It is thrown at the next call.
      if (records.length > 0) return records;
      throw cause instanceof UnreadableBatch ? cause : new UnreadableBatch(this.#base, (cause as Error).message);
    }
    return records;
  }

  /** From now on it does not keep what was fetched for others. */
  own(): void {
    if (this.#data.buffer.byteLength <= 2 * this.#data.length) return;
    const copy = Buffer.allocUnsafeSlow(this.#data.length);
    this.#data.copy(copy);
    if (this.#cursor.data === this.#data) this.#cursor.data = copy;
    this.#data = copy;
  }

  /** Where the batch ends that begins here; undefined where it is not there as a whole. */
  #endOf(at: number): number | undefined {
    if (at + batchHeaderBytes > this.#data.length) return undefined;
    const end = at + 12 + this.#data.readInt32BE(at + 8);
    return end > this.#data.length ? undefined : end;
  }

  /** Goes to the next batch; false at the end. */
  #begin(): boolean {
    const [data, at] = [this.#data, this.#at];
    const end = this.#endOf(at);
    if (end === undefined) return false;
    const base = safe(data.readBigInt64BE(at), this.next);
    this.#base = base;
    if (data[at + 16] !== 2) throw new UnreadableBatch(base, `record format ${data[at + 16]} is not supported`);
    if (end < at + batchHeaderBytes) throw new UnreadableBatch(base, 'the batch is shorter than its header');
    if (crc32c(data, at + 21, end) !== data.readUInt32BE(at + 17)) throw new UnreadableBatch(base, 'the checksum does not match');
    const attributes = data.readInt16BE(at + 21);
    this.#last = base + data.readInt32BE(at + 23);
    if (this.#last >= this.#from && !this.#passesOver(attributes, data.readBigInt64BE(at + 43))) {
      this.#first = safe(data.readBigInt64BE(at + 27), base);
      this.#appended = (attributes & logAppendTime) !== 0 ? safe(data.readBigInt64BE(at + 35), base) : undefined;
      const codec = attributes & 7;
      const body = codec === 0 ? data : inflate(codec, data.subarray(at + batchHeaderBytes, end));
      this.#cursor = new Cursor(body, codec === 0 ? at + batchHeaderBytes : 0);
      this.#bodyEnd = codec === 0 ? end : body.length;
      this.#left = Math.max(0, data.readInt32BE(at + 57));
    }
    this.#at = end;
    if (this.#left === 0) this.#ended();
    return true;
  }

  /** Its records are none, or not for us: a control batch, or one of an aborted transaction. */
  #passesOver(attributes: number, producerId: bigint): boolean {
    for (; this.#nextAborted < this.#aborted.length; this.#nextAborted++) {
      const { producerId: aborted, firstOffset } = this.#aborted[this.#nextAborted] as AbortedTransaction;
      if (firstOffset > this.#last) break;
      this.#abortedNow.add(aborted);
    }
    if ((attributes & control) !== 0) this.#abortedNow.delete(producerId);
    else if ((attributes & transactional) === 0 || !this.#abortedNow.has(producerId)) return false;
    return true;
  }

  #read(into: LogRecord[], limit: number): void {
    const cursor = this.#cursor;
    while (this.#left > 0 && into.length < limit) {
      cursor.end = this.#bodyEnd;
      const start = cursor.at;
      try {
        const length = cursor.varint();
        const end = cursor.at + length;
        if (length < 0 || end > this.#bodyEnd) throw new RangeError('a record is longer than its batch');
        cursor.end = end;
        cursor.at++; // attributes
        const delta = cursor.varlong();
        const offset = this.#base + cursor.varint();
        if (offset >= this.#from) {
          const key = cursor.text();
          const value = cursor.view();
          into.push({ offset, timestamp: this.#appended ?? this.#first + delta, key, value, headers: readHeaders(cursor) });
          this.next = offset + 1;
        }
        cursor.at = end;
      } catch (cause) {
        cursor.at = start;
        throw cause;
      }
      this.#left--;
    }
    if (this.#left === 0) this.#ended();
  }

  /** Compaction may have removed its last records. */
  #ended(): void {
    this.next = Math.max(this.next, this.#last + 1);
  }
}

/** All of them. */
export function decodeBatches(data: Buffer, from: number, aborted: readonly AbortedTransaction[] = []): Decoded {
  const reader = new BatchReader(data, from, aborted);
  const records = reader.take(Number.POSITIVE_INFINITY);
  // What cannot be read behind them is thrown now.
  reader.take(1);
  return { records, next: reader.next };
}
