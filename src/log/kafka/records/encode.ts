/**
 * Record batches (magic 2), written in two passes into the buffer of their request. kafkajs makes six buffers, several BigInts and a
 * sorted copy for every record, and sorts timestamps as strings.
 */
import { putAscii } from '../../ascii.ts';
import type { Append, HeaderValue } from '../../port.ts';
import type { FramedBody } from '../frame.ts';
import { type Compression, codecs, deflate } from './compression.ts';
import { crc32c } from './crc32c.ts';

/** Bytes before the first record. */
export const batchHeaderBytes = 61;

export interface BatchIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  /** Sequence of the first record; wraps at 2^31. */
  readonly sequence: number;
}

/** Header names come from code, so there are few; each is encoded once, as a field: its length, then its bytes. */
const names = new Map<string, Buffer>();
function nameField(name: string): Buffer {
  let field = names.get(name);
  if (!field) {
    field = Buffer.allocUnsafe(fieldSize(name));
    writeField(field, 0, name);
    if (names.size < 1024) names.set(name, field);
  }
  return field;
}

const sizeOfBytes = (value: Uint8Array | string): number => (typeof value === 'string' ? Buffer.byteLength(value) : value.length);

/** Zigzag varint size of an int32 that is not negative. */
const varintSize = (n: number): number => (n < 0x40 ? 1 : n < 0x2000 ? 2 : n < 0x100000 ? 3 : n < 0x8000000 ? 4 : 5);

function varlongSize(n: number): number {
  let z = n < 0 ? -2 * n - 1 : 2 * n;
  let size = 1;
  for (; z >= 128; z = Math.floor(z / 128)) size++;
  return size;
}

const fieldSize = (value: Uint8Array | string | null): number => {
  if (value === null) return 1;
  const size = sizeOfBytes(value);
  return varintSize(size) + size;
};

/** Bytes of key, value and headers in the batch: all but what depends on the record's place in it (at most 20 more). */
export function payloadSize(record: Append): number {
  let size = fieldSize(record.key) + fieldSize(record.value);
  let count = 0;
  const headers = record.headers;
  if (headers !== undefined) {
    for (const name in headers) {
      const value = headers[name];
      if (value === undefined) continue;
      count++;
      size += nameField(name).length + fieldSize(value);
    }
  }
  return size + varintSize(count);
}

function writeVarint(into: Buffer, at: number, n: number): number {
  let z = (n << 1) ^ (n >> 31);
  let i = at;
  while ((z & ~0x7f) !== 0) {
    into[i++] = (z & 0x7f) | 0x80;
    z >>>= 7;
  }
  into[i++] = z;
  return i;
}

function writeVarlong(into: Buffer, at: number, n: number): number {
  let z = n < 0 ? -2 * n - 1 : 2 * n;
  let i = at;
  while (z >= 128) {
    into[i++] = (z % 128) | 0x80;
    z = Math.floor(z / 128);
  }
  into[i++] = z;
  return i;
}

/** Below 64, so that the length takes one byte; up to here a loop is faster than two calls out of JavaScript. */
const shortText = 48;

/** An ASCII text as a field; 0 when it is another. */
function writeShort(into: Buffer, at: number, text: string): number {
  if (!putAscii(into, at + 1, text)) return 0;
  into[at] = text.length << 1;
  return at + 1 + text.length;
}

function writeField(into: Buffer, at: number, value: HeaderValue | null): number {
  if (value === null) return writeVarint(into, at, -1);
  if (typeof value === 'string') {
    if (value.length <= shortText) {
      const end = writeShort(into, at, value);
      if (end > 0) return end;
    }
    const size = Buffer.byteLength(value);
    const body = writeVarint(into, at, size);
    // Keys and ids are ASCII nearly always, and that copies faster.
    into.write(value, body, size, size === value.length ? 'latin1' : 'utf8');
    return body + size;
  }
  const body = writeVarint(into, at, value.length);
  into.set(value, body);
  return body + value.length;
}

function writeHeaders(into: Buffer, at: number, headers: Append['headers']): number {
  if (headers === undefined) return writeVarint(into, at, 0);
  let count = 0;
  for (const name in headers) if (headers[name] !== undefined) count++;
  let i = writeVarint(into, at, count);
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    const field = nameField(name);
    into.set(field, i);
    i = writeField(into, i + field.length, value);
  }
  return i;
}

/**
 * One batch, whose size is known before its bytes are written: so they can be written into the request. Offsets in it are 0 to
 * length-1: the broker adds its base offset.
 */
export class EncodedBatch implements FramedBody {
  readonly size: number;
  readonly #records: readonly Append[];
  readonly #payloads: readonly number[];
  readonly #identity: BatchIdentity;
  readonly #first: number;
  readonly #now: number;
  readonly #compression: Compression;
  /** Where it was written the first time, or a copy: what is sent again is the same. */
  #bytes: Buffer | undefined;

  /** `payloads[i]` is `payloadSize(records[i])`; `now` is the timestamp of records without one. */
  constructor(records: readonly Append[], payloads: readonly number[], identity: BatchIdentity, now: number, compression: Compression) {
    this.#records = records;
    this.#payloads = payloads;
    this.#identity = identity;
    this.#now = now;
    this.#compression = compression;
    this.#first = records[0]?.timestamp ?? now;
    let size = batchHeaderBytes;
    for (let i = 0; i < records.length; i++) {
      const body = this.#bodySize(i);
      size += varintSize(body) + body;
    }
    if (compression !== 'none') {
      const plain = Buffer.allocUnsafe(size - batchHeaderBytes);
      this.#writeRecords(plain, 0);
      const body = deflate(compression, plain);
      size = batchHeaderBytes + body.length;
      this.#bytes = Buffer.allocUnsafe(size);
      this.#bytes.set(body, batchHeaderBytes);
      this.#seal(this.#bytes);
    }
    this.size = size;
  }

  write(into: Buffer, at: number): void {
    if (this.#bytes) {
      into.set(this.#bytes, at);
      return;
    }
    const bytes = into.subarray(at, at + this.size);
    this.#writeRecords(bytes, batchHeaderBytes);
    this.#seal(bytes);
    this.#bytes = bytes;
  }

  /** The memory that it was written into may be used again: it keeps its bytes elsewhere. */
  own(): void {
    const bytes = this.#bytes;
    // A request is longer than each of its batches.
    if (!bytes || bytes.buffer.byteLength === this.size) return;
    this.#bytes = Buffer.allocUnsafeSlow(this.size);
    bytes.copy(this.#bytes);
  }

  /** Of the record behind its length. */
  #bodySize(i: number): number {
    const delta = ((this.#records[i] as Append).timestamp ?? this.#now) - this.#first;
    return 1 + varlongSize(delta) + varintSize(i) + (this.#payloads[i] as number);
  }

  #writeRecords(into: Buffer, start: number): void {
    let at = start;
    for (let i = 0; i < this.#records.length; i++) {
      const record = this.#records[i] as Append;
      at = writeVarint(into, at, this.#bodySize(i));
      into[at++] = 0;
      at = writeVarlong(into, at, (record.timestamp ?? this.#now) - this.#first);
      at = writeVarint(into, at, i);
      at = writeField(into, at, record.key);
      at = writeField(into, at, record.value);
      at = writeHeaders(into, at, record.headers);
    }
    // Its neighbour's bytes, or bytes of nobody, would go out with it.
    if (at !== into.length) throw new RangeError('a record changed while it waited');
  }

  #seal(bytes: Buffer): void {
    const count = this.#records.length;
    const { producerId, producerEpoch, sequence } = this.#identity;
    let max = this.#first;
    for (const { timestamp = this.#now } of this.#records) if (timestamp > max) max = timestamp;
    bytes.writeBigInt64BE(0n, 0);
    bytes.writeInt32BE(bytes.length - 12, 8);
    bytes.writeInt32BE(-1, 12); // partition leader epoch: the broker's
    bytes[16] = 2;
    bytes.writeInt16BE(codecs[this.#compression], 21);
    bytes.writeInt32BE(count - 1, 23);
    bytes.writeBigInt64BE(BigInt(this.#first), 27);
    bytes.writeBigInt64BE(BigInt(max), 35);
    bytes.writeBigInt64BE(producerId, 43);
    bytes.writeInt16BE(producerEpoch, 51);
    bytes.writeInt32BE(sequence, 53);
    bytes.writeInt32BE(count, 57);
    bytes.writeUInt32BE(crc32c(bytes, 21), 17);
  }
}
