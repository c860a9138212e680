/**
 * Record batches (magic 2), written in two passes into one buffer. kafkajs makes six buffers, several BigInts and a
 * sorted copy for every record, and sorts timestamps as strings.
 */
import type { Append, HeaderValue } from '../../port.ts';
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

/** Header names come from code, so there are few; their bytes are made once. */
const names = new Map<string, Buffer>();
function nameBytes(name: string): Buffer {
  let bytes = names.get(name);
  if (!bytes) {
    bytes = Buffer.from(name);
    if (names.size < 1024) names.set(name, bytes);
  }
  return bytes;
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
      const bytes = nameBytes(name).length;
      size += varintSize(bytes) + bytes + fieldSize(value);
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

function writeField(into: Buffer, at: number, value: HeaderValue | null): number {
  if (value === null) return writeVarint(into, at, -1);
  if (typeof value === 'string') {
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
    i = writeField(into, i, nameBytes(name));
    i = writeField(into, i, value);
  }
  return i;
}

/**
 * One batch. `payloads[i]` is `payloadSize(records[i])`; `now` is the timestamp of records without one. Offsets in the
 * batch are 0 to length-1: the broker adds its base offset.
 */
export function encodeBatch(
  records: readonly Append[],
  payloads: readonly number[],
  identity: BatchIdentity,
  now: number,
  compression: Compression,
): Buffer {
  const count = records.length;
  const first = (records[0] as Append).timestamp ?? now;
  let max = first;
  let size = batchHeaderBytes;
  for (let i = 0; i < count; i++) {
    const timestamp = (records[i] as Append).timestamp ?? now;
    if (timestamp > max) max = timestamp;
    const body = 1 + varlongSize(timestamp - first) + varintSize(i) + (payloads[i] as number);
    size += varintSize(body) + body;
  }
  let buffer: Buffer = Buffer.allocUnsafe(size);
  let at = batchHeaderBytes;
  for (let i = 0; i < count; i++) {
    const record = records[i] as Append;
    const delta = (record.timestamp ?? now) - first;
    at = writeVarint(buffer, at, 1 + varlongSize(delta) + varintSize(i) + (payloads[i] as number));
    buffer[at++] = 0;
    at = writeVarlong(buffer, at, delta);
    at = writeVarint(buffer, at, i);
    at = writeField(buffer, at, record.key);
    at = writeField(buffer, at, record.value);
    at = writeHeaders(buffer, at, record.headers);
  }
  if (compression !== 'none') {
    const body = deflate(compression, buffer.subarray(batchHeaderBytes, at));
    const whole = Buffer.allocUnsafe(batchHeaderBytes + body.length);
    whole.set(body, batchHeaderBytes);
    buffer = whole;
  }
  buffer.writeBigInt64BE(0n, 0);
  buffer.writeInt32BE(buffer.length - 12, 8);
  buffer.writeInt32BE(-1, 12); // partition leader epoch: the broker's
  buffer[16] = 2;
  buffer.writeInt16BE(codecs[compression], 21);
  buffer.writeInt32BE(count - 1, 23);
  buffer.writeBigInt64BE(BigInt(first), 27);
  buffer.writeBigInt64BE(BigInt(max), 35);
  buffer.writeBigInt64BE(identity.producerId, 43);
  buffer.writeInt16BE(identity.producerEpoch, 51);
  buffer.writeInt32BE(identity.sequence, 53);
  buffer.writeInt32BE(count, 57);
  buffer.writeUInt32BE(crc32c(buffer, 21), 17);
  return buffer;
}
