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
/** Longest key or value of a header that is looked at for being a text. */
const textBytes = 128;

/** No prototype: a header may be called `__proto__`. From a function, as what `Object.create(null)` makes is a slow hash table. */
const Bag = function Bag() {} as unknown as new () => Record<string, HeaderValue>;
Bag.prototype = Object.create(null);
const noHeaders: Headers = Object.freeze(new Bag());

/** A cursor of varints over one batch's records: nothing behind `end`, which is the end of one record, is read. */
class Cursor {
  readonly data: Buffer;
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
    const slot = (length << 16) | ((data[at] as number) << 8) | (data[at + length - 1] as number);
    const known = length === 0 ? undefined : names.get(slot);
    if (known !== undefined) {
      const { bytes } = known;
      let i = 0;
      while (i < length && data[at + i] === bytes[i]) i++;
      if (i === length) return known.name;
    }
    const name = data.toString('utf8', at, at + length);
    if (length > 0 && names.size < 1024) names.set(slot, { bytes: Buffer.from(data.subarray(at, at + length)), name });
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

/** Decodes the records at or after `from`. A cut-off last batch is left for the next fetch. */
export function decodeBatches(data: Buffer, from: number, aborted: readonly AbortedTransaction[] = []): Decoded {
  const records: LogRecord[] = [];
  const abortedNow = new Set<bigint>();
  const pending = aborted.length > 0 ? [...aborted].sort((a, b) => a.firstOffset - b.firstOffset) : aborted;
  let nextAborted = 0;
  let next = from;
  let at = 0;
  while (at + batchHeaderBytes <= data.length) {
    const base = safe(data.readBigInt64BE(at), next);
    const end = at + 12 + data.readInt32BE(at + 8);
    if (end > data.length) break;
    if (data[at + 16] !== 2) throw new UnreadableBatch(base, `record format ${data[at + 16]} is not supported`);
    if (end < at + batchHeaderBytes) throw new UnreadableBatch(base, 'the batch is shorter than its header');
    if (crc32c(data, at + 21, end) !== data.readUInt32BE(at + 17)) throw new UnreadableBatch(base, 'the checksum does not match');
    const attributes = data.readInt16BE(at + 21);
    const last = base + data.readInt32BE(at + 23);
    if (last >= from) {
      const producerId = data.readBigInt64BE(at + 43);
      for (; nextAborted < pending.length && (pending[nextAborted] as AbortedTransaction).firstOffset <= last; nextAborted++) {
        abortedNow.add((pending[nextAborted] as AbortedTransaction).producerId);
      }
      if ((attributes & control) !== 0) abortedNow.delete(producerId);
      else if ((attributes & transactional) === 0 || !abortedNow.has(producerId)) {
        try {
          readRecords(data.subarray(at, end), base, from, attributes, records);
        } catch (cause) {
          throw cause instanceof UnreadableBatch ? cause : new UnreadableBatch(base, (cause as Error).message);
        }
      }
      next = last + 1;
    }
    at = end;
  }
  return { records, next };
}

function readRecords(batch: Buffer, base: number, from: number, attributes: number, into: LogRecord[]): void {
  const count = batch.readInt32BE(57);
  const first = safe(batch.readBigInt64BE(27), base);
  const appended = (attributes & logAppendTime) !== 0 ? safe(batch.readBigInt64BE(35), base) : undefined;
  const codec = attributes & 7;
  const body = codec === 0 ? batch : inflate(codec, batch.subarray(batchHeaderBytes));
  const cursor = new Cursor(body, codec === 0 ? batchHeaderBytes : 0);
  for (let i = 0; i < count; i++) {
    cursor.end = body.length;
    const length = cursor.varint();
    const end = cursor.at + length;
    if (length < 0 || end > body.length) throw new RangeError('a record is longer than its batch');
    cursor.end = end;
    cursor.at++; // attributes
    const delta = cursor.varlong();
    const offset = base + cursor.varint();
    if (offset >= from) {
      const key = cursor.text();
      const value = cursor.view();
      into.push({ offset, timestamp: appended ?? first + delta, key, value, headers: readHeaders(cursor) });
    }
    cursor.at = end;
  }
}
