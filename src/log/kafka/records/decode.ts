/**
 * Record batches (magic 2) of one partition, as a fetch response holds them. Read here and not by kafkajs because
 * kafkajs never gets past a batch that compaction emptied, checks no CRC, and spends several BigInts on every record.
 *
 * Each record gets its own copy of its bytes: a slice would keep the whole fetch response in memory for as long as one
 * patient's record waits. Small ones share slabs (slabs.ts).
 */
import type { Headers, LogRecord } from '../../port.ts';
import { inflate } from './compression.ts';
import { crc32c } from './crc32c.ts';
import { batchHeaderBytes } from './encode.ts';
import { Slabs } from './slabs.ts';

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
const noHeaders: Headers = Object.freeze({});
const none: Buffer = Buffer.alloc(0);

/** A cursor of varints over one batch's records, or over one record in its slab: nothing behind `end` is its own. */
class Cursor {
  data: Buffer = none;
  at = 0;
  end = 0;

  over(data: Buffer, at: number, end: number): void {
    this.data = data;
    this.at = at;
    this.end = end;
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

  /** A length-prefixed field as a slice; null for length -1. */
  field(): Buffer | null {
    const length = this.varint();
    if (length === -1) return null;
    const start = this.at;
    if (length < 0 || start + length > this.end) throw new RangeError('a field is longer than its record');
    this.at = start + length;
    return this.data.subarray(start, this.at);
  }
}

/** A header name is read as often as a record, but there are few of them: decoded once, found by its bytes. */
const nameCache = new Map<number, { readonly bytes: Buffer; readonly name: string }>();
function headerName(bytes: Buffer): string {
  const slot = (bytes.length << 16) | ((bytes[0] ?? 0) << 8) | (bytes[bytes.length - 1] ?? 0);
  const known = nameCache.get(slot);
  if (known?.bytes.equals(bytes)) return known.name;
  const name = bytes.toString('utf8');
  if (nameCache.size < 1024) nameCache.set(slot, { bytes: Buffer.from(bytes), name });
  return name;
}

function readHeaders(cursor: Cursor): Headers {
  const count = cursor.varint();
  if (count === 0) return noHeaders;
  // No prototype: a header may be called `__proto__`.
  const headers: Record<string, Buffer> = Object.create(null);
  for (let i = 0; i < count; i++) {
    const name = headerName(cursor.field() ?? none);
    const value = cursor.field();
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
  const cursor = new Cursor();
  cursor.over(body, codec === 0 ? batchHeaderBytes : 0, body.length);
  const fields = new Cursor();
  const slabs = new Slabs();
  for (let i = 0; i < count; i++) {
    const length = cursor.varint();
    const start = cursor.at;
    if (length < 0 || start + length > body.length) throw new RangeError('a record is longer than its batch');
    // Attributes, timestamp and offset come first; a record before `from` is passed over without a copy.
    cursor.at = start + 1;
    const delta = cursor.varlong();
    const offset = base + cursor.varint();
    if (offset >= from) {
      const own = slabs.copy(body, cursor.at, start + length);
      fields.over(slabs.memory, own, own + start + length - cursor.at);
      const key = fields.field();
      const value = fields.field();
      into.push({ offset, timestamp: appended ?? first + delta, key, value, headers: readHeaders(fields) });
    }
    cursor.at = start + length;
  }
}
