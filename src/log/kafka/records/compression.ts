/**
 * The compression codecs of Kafka record batches (attribute bits 0-2). kafkajs has gzip only and calls the others "not
 * implemented"; here all four are present, bounded against decompression bombs. An unknown codec throws.
 */
import { createRequire } from 'node:module';
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

const require = createRequire(import.meta.url);
const lz4 = require('lz4js') as {
  compressBound(size: number): number;
  /** Bytes written into `into`; 0 when the block does not compress. */
  compressBlock(data: Uint8Array, into: Uint8Array, from: number, size: number, hashTable: Uint32Array): number;
  decompressBound(data: Uint8Array): number;
  decompressFrame(data: Uint8Array, into: Uint8Array): number;
};
const snappy = require('snappyjs') as {
  compress(data: Uint8Array): Uint8Array;
  uncompress(data: Uint8Array, maxLength: number): Uint8Array;
};

/** No batch may inflate beyond this. Brokers take 1 MB batches by default; 64 times that is a bomb or a broken producer. */
export const maxInflatedBytes = 64 * 1024 * 1024;

export const codecs = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;
export type Compression = keyof typeof codecs;

const asBuffer = (data: Uint8Array): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

/** The Java client frames snappy as xerial's stream: a 16-byte header, then blocks of a 4-byte length and a snappy body. */
const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);

function snappyInflate(data: Buffer): Buffer {
  if (data.length < 16 || !data.subarray(0, 8).equals(xerialMagic)) return asBuffer(snappy.uncompress(data, maxInflatedBytes));
  const parts: Buffer[] = [];
  let left = maxInflatedBytes;
  for (let at = 16; at < data.length; ) {
    const size = data.readInt32BE(at);
    if (size < 0 || at + 4 + size > data.length) throw new RangeError('a snappy block is longer than its batch');
    const part = asBuffer(snappy.uncompress(data.subarray(at + 4, at + 4 + size), left));
    parts.push(part);
    left -= part.length;
    at += 4 + size;
  }
  return Buffer.concat(parts);
}

function lz4Inflate(data: Buffer): Buffer {
  const bound = lz4.decompressBound(data);
  if (!(bound >= 0 && bound <= maxInflatedBytes)) throw new RangeError(`an lz4 frame claims ${bound} bytes`);
  const into = Buffer.allocUnsafeSlow(bound);
  return into.subarray(0, lz4.decompressFrame(data, into));
}

/** Magic; version 1 with independent blocks; blocks of up to 4 MiB; checksum of the two bytes before. */
const lz4Header = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73]);
const lz4BlockBytes = 4 << 20;
const lz4Stored = 0x80000000;

/** An LZ4 frame. lz4js's own frames do not say that their blocks are independent, and brokers refuse those. */
function lz4Deflate(data: Buffer): Buffer {
  const parts: Buffer[] = [lz4Header];
  for (let from = 0; from < data.length; from += lz4BlockBytes) {
    const size = Math.min(lz4BlockBytes, data.length - from);
    const block = Buffer.allocUnsafeSlow(4 + lz4.compressBound(size));
    const packed = lz4.compressBlock(data, block.subarray(4), from, size, new Uint32Array(1 << 16));
    const stored = packed === 0 || packed >= size;
    block.writeUInt32LE(stored ? size + lz4Stored : packed, 0);
    parts.push(stored ? Buffer.concat([block.subarray(0, 4), data.subarray(from, from + size)]) : block.subarray(0, 4 + packed));
  }
  parts.push(Buffer.alloc(4));
  return Buffer.concat(parts);
}

export function inflate(codec: number, data: Buffer): Buffer {
  switch (codec) {
    case codecs.none:
      return data;
    case codecs.gzip:
      return gunzipSync(data, { maxOutputLength: maxInflatedBytes });
    case codecs.snappy:
      return snappyInflate(data);
    case codecs.lz4:
      return lz4Inflate(data);
    case codecs.zstd:
      return zstdDecompressSync(data, { maxOutputLength: maxInflatedBytes });
    default:
      throw new RangeError(`compression codec ${codec} is unknown`);
  }
}

export function deflate(codec: Compression, data: Buffer): Buffer {
  switch (codec) {
    case 'none':
      return data;
    case 'gzip':
      return gzipSync(data);
    case 'snappy':
      return asBuffer(snappy.compress(data));
    case 'lz4':
      return lz4Deflate(data);
    case 'zstd':
      return zstdCompressSync(data);
  }
}
