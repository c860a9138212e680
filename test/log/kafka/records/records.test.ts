import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Compression, codecs, deflate, inflate, maxInflatedBytes } from '../../../../src/log/kafka/records/compression.ts';
import { crc32c, crc32cOfWords } from '../../../../src/log/kafka/records/crc32c.ts';
import { lanesOf } from '../../../../src/log/kafka/records/crc32cLanes.ts';
import { BatchReader, decodeBatches, UnreadableBatch } from '../../../../src/log/kafka/records/decode.ts';
import { EncodedBatch, payloadSize } from '../../../../src/log/kafka/records/encode.ts';
import type { Append } from '../../../../src/log/port.ts';

const require = createRequire(import.meta.url);
const identity = { producerId: 1234n, producerEpoch: 3, sequence: 77 };

function written(encoded: EncodedBatch): Buffer {
  const bytes = Buffer.alloc(encoded.size);
  encoded.write(bytes, 0);
  return bytes;
}

function batch(records: readonly Append[], options: { base?: number; compression?: Compression; now?: number } = {}): Buffer {
  const bytes = written(new EncodedBatch(records, records.map(payloadSize), identity, options.now ?? 1000, options.compression ?? 'none'));
  bytes.writeBigInt64BE(BigInt(options.base ?? 0), 0);
  return bytes;
}
/** After a change of the header: what the broker would have written. */
function sealed(bytes: Buffer): Buffer {
  bytes.writeUInt32BE(crc32c(bytes, 21), 17);
  return bytes;
}
const record = (value: string, more: Partial<Append> = {}): Append => ({ topic: 't', key: 'k', value: Buffer.from(value), ...more });

const anyRecord: fc.Arbitrary<Append> = fc.record({
  topic: fc.constant('t'),
  key: fc.oneof(
    fc.constant(null),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  ),
  value: fc.oneof(
    fc.constant(null),
    fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
  ),
  timestamp: fc.oneof(fc.nat(), fc.integer({ min: 1_600_000_000_000, max: 1_800_000_000_000 })),
  headers: fc.dictionary(
    fc.string({ unit: 'grapheme' }),
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    ),
  ),
});

// First, as the cache takes no more names once it is full.
test('a name longer than its place in the cache can say is not taken for another', () => {
  const short = 'longg';
  const headers = (name: string) => decodeBatches(batch([record('v', { headers: { [name]: 'y' } })]), 0).records[0]?.headers;
  const alike = short + 'g'.repeat(1 << 16);
  for (const name of [alike, short]) assert.ok(headers(name)?.[name] === 'y', `${name.length} bytes`);
});

const asBytes = (value: Buffer | string | null): Buffer | null => (typeof value === 'string' ? Buffer.from(value) : value);

test('what is encoded is decoded as it was, under every codec', () => {
  fc.assert(
    fc.property(
      fc.array(anyRecord, { minLength: 1, maxLength: 30 }),
      fc.nat(2 ** 40),
      fc.constantFrom(...(Object.keys(codecs) as Compression[])),
      (records, base, compression) => {
        const { records: decoded, next } = decodeBatches(batch(records, { base, compression }), base);
        assert.equal(next, base + records.length);
        assert.equal(decoded.length, records.length);
        for (const [i, own] of records.entries()) {
          const found = decoded[i];
          assert.equal(found?.offset, base + i);
          assert.equal(found.timestamp, own.timestamp);
          assert.deepEqual(asBytes(found.key), asBytes(own.key));
          assert.deepEqual(found.value, own.value);
          const headers = Object.entries(own.headers ?? {}).map(([name, value]) => [
            name,
            asBytes(value as Buffer | string)?.toString('hex'),
          ]);
          assert.deepEqual(
            Object.entries(found.headers).map(([name, value]) => [name, asBytes(value as Buffer | string)?.toString('hex')]),
            headers,
          );
        }
      },
    ),
  );
});

test('kafkajs reads what we write, and we read what kafkajs writes', async () => {
  const Decoder = require('kafkajs/src/protocol/decoder') as new (b: Buffer) => unknown;
  const theirDecode = require('kafkajs/src/protocol/recordBatch/v0/decoder') as (
    d: unknown,
  ) => Promise<{ records: { key: Buffer; value: Buffer; offset: string; timestamp: string; headers: Record<string, Buffer> }[] }>;
  const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0') as { RecordBatch(b: object): Promise<{ buffer: Buffer }> };
  const theirRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (r: object) => unknown;
  const own = [
    record('one', { timestamp: 1_700_000_000_000, headers: { eventId: 'é', b: Buffer.from([1]) } }),
    record('two', { key: null, timestamp: 1_700_000_000_500 }),
  ];
  const theirs = await theirDecode(new Decoder(batch(own, { base: 40 })));
  assert.deepEqual(
    theirs.records.map(({ offset, timestamp, value }) => [offset, timestamp, value.toString()]),
    [
      ['40', '1700000000000', 'one'],
      ['41', '1700000000500', 'two'],
    ],
  );
  assert.equal(theirs.records[0]?.headers['eventId']?.toString(), 'é');

  const records = [
    theirRecord({ offsetDelta: 0, timestampDelta: 0, key: 'a', value: Buffer.from('x'), headers: { multi: ['first', 'last'] } }),
    theirRecord({ offsetDelta: 1, timestampDelta: 70_000, key: null, value: null }),
  ];
  const bytes = (await RecordBatch({ records, firstTimestamp: 1_700_000_000_000, maxTimestamp: 1_700_000_070_000, lastOffsetDelta: 1 }))
    .buffer;
  const { records: decoded } = decodeBatches(Buffer.from(bytes), 0);
  assert.deepEqual(
    decoded.map(({ offset, timestamp }) => [offset, timestamp]),
    [
      [0, 1_700_000_000_000],
      [1, 1_700_000_070_000],
    ],
  );
  assert.equal(String(decoded[0]?.headers['multi']), 'last', 'of several values the last counts');
  assert.equal(decoded[1]?.value, null);
});

test('CRC-32C is the Castagnoli one', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa);
  assert.equal(crc32c(Buffer.alloc(32, 0xff)), 0x62a8ab43);
});

test('CRC-32C is the same by words and by bits, wherever the bytes lie', () => {
  const bitwise = (bytes: Uint8Array): number => {
    let crc = -1;
    for (const byte of bytes) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    }
    return (crc ^ -1) >>> 0;
  };
  const memory = Buffer.from(Array.from({ length: 160 }, (_, n) => (n * 167 + 13) & 0xff));
  for (let start = 0; start < 20; start++)
    for (let end = start; end <= memory.length; end++) assert.equal(crc32c(memory, start, end), bitwise(memory.subarray(start, end)));
  for (let from = 0; from < 5; from++) assert.equal(crc32c(memory.subarray(from), 3), bitwise(memory.subarray(from + 3)));
});

test('CRC-32C of long buffers is the same in lanes and by words, of any length, wherever the bytes lie', () => {
  assert.ok(lanesOf(), 'this machine has no lanes');
  const memory = Buffer.from(Array.from({ length: 600_000 }, (_, n) => (n * 167 + (n >>> 7) * 13) & 0xff));
  for (const length of [4095, 4096, 4097, 4351, 4352, 65_536, 132_095, 132_096, 132_097, 132_352, 264_192, 590_000])
    assert.equal(crc32c(memory, 3, 3 + length), crc32cOfWords(memory, 3, 3 + length), `${length}`);
  fc.assert(
    fc.property(fc.nat(300_000), fc.nat(290_000), (start, length) => {
      const own = memory.subarray(start);
      own[length >>> 1] = (start ^ length) & 0xff;
      assert.equal(crc32c(own, 1, 1 + length), crc32cOfWords(own, 1, 1 + length));
    }),
  );
});

test('decoding starts at the offset asked for and leaves a cut-off batch for the next fetch', () => {
  const both = Buffer.concat([
    batch([record('a'), record('b'), record('c')], { base: 10 }),
    batch([record('d'), record('e')], { base: 13 }),
  ]);
  const from = decodeBatches(both, 12);
  assert.deepEqual(
    from.records.map(({ offset }) => offset),
    [12, 13, 14],
  );
  assert.equal(from.next, 15);
  const cut = decodeBatches(both.subarray(0, both.length - 1), 10);
  assert.deepEqual(
    cut.records.map(({ offset }) => offset),
    [10, 11, 12],
  );
  assert.equal(cut.next, 13);
  assert.deepEqual(decodeBatches(both.subarray(0, 30), 10), { records: [], next: 10 });
});

test('a batch that compaction emptied, or thinned, is passed over: next is after its last offset', () => {
  const empty = batch([record('gone'), record('gone too')], { base: 5 }).subarray(0, 61);
  empty.writeInt32BE(61 - 12, 8);
  empty.writeInt32BE(0, 57);
  assert.deepEqual(decodeBatches(sealed(empty), 5), { records: [], next: 7 });
  const thinned = batch([record('kept')], { base: 20 });
  thinned.writeInt32BE(9, 23);
  const { records, next } = decodeBatches(sealed(thinned), 20);
  assert.equal(records.length, 1);
  assert.equal(next, 30);
});

test('records of aborted transactions and control records are not delivered', () => {
  const inTransaction = (bytes: Buffer, producerId: bigint): Buffer => {
    bytes.writeInt16BE(bytes.readInt16BE(21) | 0x10, 21);
    bytes.writeBigInt64BE(producerId, 43);
    return sealed(bytes);
  };
  const marker = batch([record('marker')], { base: 4 });
  marker.writeInt16BE(0x30, 21);
  marker.writeBigInt64BE(7n, 43);
  const data = Buffer.concat([
    inTransaction(batch([record('aborted')], { base: 0 }), 7n),
    batch([record('plain')], { base: 1 }),
    inTransaction(batch([record('other')], { base: 2 }), 8n),
    inTransaction(batch([record('aborted too')], { base: 3 }), 7n),
    sealed(marker),
    inTransaction(batch([record('committed later')], { base: 5 }), 7n),
  ]);
  const { records, next } = decodeBatches(data, 0, [{ producerId: 7n, firstOffset: 0 }]);
  assert.deepEqual(
    records.map(({ value }) => value?.toString()),
    ['plain', 'other', 'committed later'],
  );
  assert.equal(next, 6);
});

test('K10: an unknown codec, an unknown format and a changed byte are refused with their place', () => {
  const unknown = batch([record('x')], { base: 9 });
  unknown.writeInt16BE(5, 21);
  assert.throws(
    () => decodeBatches(sealed(unknown), 9),
    (e) => e instanceof UnreadableBatch && e.offset === 9 && /codec 5/.test(e.message),
  );
  const old = batch([record('x')], { base: 9 });
  old[16] = 1;
  assert.throws(() => decodeBatches(old, 9), /format 1/);
  const changed = batch([record('unchanged')], { base: 9 });
  changed[changed.length - 3] = 0x7a;
  assert.throws(() => decodeBatches(changed, 9), /checksum/);
});

test('values are views of what was read; short ASCII keys and headers are texts, all others are bytes', () => {
  const long = 'x'.repeat(129);
  const headers = { eventId: 'e-1', bytes: Buffer.from([0x80]), long, umlaut: 'ä', empty: '', __proto__x: 'p' };
  const bytes = batch([
    { ...record('v1', { headers }), key: 'patient' },
    { ...record('v2', {}), key: Buffer.from([0xff]) },
  ]);
  const [first, second] = decodeBatches(bytes, 0).records;
  assert.equal(first?.value?.buffer, bytes.buffer, 'a copy of each value is what a record may cost least');
  assert.equal(first?.key, 'patient');
  assert.deepEqual(second?.key, Buffer.from([0xff]));
  assert.equal(first?.headers['eventId'], 'e-1');
  assert.equal(first?.headers['empty'], '');
  assert.deepEqual(first?.headers['bytes'], Buffer.from([0x80]));
  assert.deepEqual(first?.headers['long'], Buffer.from(long));
  assert.deepEqual(first?.headers['umlaut'], Buffer.from('ä'));
  assert.equal(first?.headers['constructor'], undefined);
  assert.equal(first?.headers['toString'], undefined);
  assert.equal(second?.headers['constructor'], undefined);
});

test('in pieces of any size come the same records, whatever is copied in between', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(anyRecord, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 5 }),
      fc.constantFrom(...(Object.keys(codecs) as Compression[])),
      fc.array(fc.record({ limit: fc.integer({ min: 1, max: 10 }), own: fc.boolean() }), { minLength: 1 }),
      fc.nat(10),
      (batches, compression, pieces, skipped) => {
        let base = 0;
        const bytes = batches.map((records) => {
          const one = batch(records, { base, compression });
          base += records.length;
          return one;
        });
        // As a part of a larger answer.
        const answer = Buffer.concat([Buffer.alloc(5_000), ...bytes, Buffer.alloc(100_000)]);
        const data = answer.subarray(5_000, answer.length - 100_000);
        const whole = decodeBatches(data, skipped);
        const reader = new BatchReader(data, skipped);
        const found: unknown[] = [];
        for (let i = 0; ; i++) {
          const { limit, own } = pieces[i % pieces.length] as { limit: number; own: boolean };
          const piece = reader.take(limit);
          assert.ok(piece.length <= limit);
          found.push(...piece);
          const newest = piece.at(-1);
          if (newest) assert.ok(reader.next > newest.offset);
          if (own) reader.own();
          if (reader.done) break;
          assert.ok(piece.length > 0);
        }
        assert.deepEqual(reader.take(1), []);
        assert.deepEqual(found, whole.records);
        assert.equal(reader.next, whole.next);
        assert.equal(reader.next, Math.max(base, skipped));
      },
    ),
  );
});

test('what is left keeps its own bytes when it is told so', () => {
  const one = batch([record('a'), record('b'), record('c')], { base: 4 });
  const answer = Buffer.concat([one, Buffer.alloc(1 << 20)]);
  const reader = new BatchReader(answer.subarray(0, one.length), 4);
  assert.equal(reader.take(1)[0]?.value?.buffer, answer.buffer);
  reader.own();
  const rest = reader.take(5);
  assert.deepEqual(
    rest.map(({ offset, value }) => [offset, String(value)]),
    [
      [5, 'b'],
      [6, 'c'],
    ],
  );
  assert.ok((rest[0]?.value?.buffer.byteLength ?? 0) <= one.length);
});

test('records before one that cannot be read are given, once', () => {
  const good = batch([record('a'), record('b')], { base: 0 });
  const bad = batch([record('c'), record('d')], { base: 2 });
  // The length of the second record.
  const second = bad.length - 61;
  const at = 61 + second / 2;
  bad[at] = 0x7e;
  sealed(bad);
  const reader = new BatchReader(Buffer.concat([good, bad]), 0);
  assert.deepEqual(
    reader.take(100).map(({ offset }) => offset),
    [0, 1, 2],
  );
  assert.equal(reader.done, false);
  assert.equal(reader.next, 3);
  for (let again = 0; again < 2; again++) assert.throws(() => reader.take(100), { name: 'UnreadableBatch', offset: 2 });
  // As it is fetched again: from behind the last one.
  const later = new BatchReader(bad, reader.next);
  assert.throws(() => later.take(100), UnreadableBatch);
  assert.equal(later.next, 3);
});

test('a header may have any name', () => {
  const headers = Object.fromEntries(['__proto__', 'constructor', 'hasOwnProperty', 'toString'].map((name) => [`${name}`, 'x']));
  Object.defineProperty(headers, '__proto__', { value: 'y', enumerable: true });
  const [found] = decodeBatches(batch([record('v', { headers })]), 0).records;
  assert.deepEqual({ ...found?.headers }, { ...headers });
});

test('a field that ends in the record behind its own is refused', () => {
  const records = [1, 2].map((n) => ({ topic: 't', key: null, value: Buffer.alloc(20, n) }));
  const batch = written(new EncodedBatch(records, records.map(payloadSize), { producerId: 1n, producerEpoch: 0, sequence: 0 }, 0, 'none'));
  assert.equal(decodeBatches(batch, 0).records.length, 2);
  // Length, attributes, two deltas, the key's length of -1; then the length of the value, in zigzag.
  const at = 61 + 5;
  assert.equal(batch[at], 40);
  batch[at] = 42;
  batch.writeUInt32BE(crc32c(batch, 21), 17);
  assert.throws(() => decodeBatches(batch, 0), UnreadableBatch);
});

test('hostile bytes never crash and never allocate what they claim', () => {
  const good = batch([record('a'.repeat(50)), record('b')], { base: 3 });
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), fc.boolean(), (at, byte, reseal) => {
      const bytes = Buffer.from(good);
      bytes[at] = byte;
      try {
        const { records } = decodeBatches(reseal ? sealed(bytes) : bytes, 3);
        assert.ok(records.length <= 2);
      } catch (thrown) {
        assert.ok(thrown instanceof UnreadableBatch, String(thrown));
      }
    }),
    { numRuns: 2000 },
  );
});

test('compressed bombs are refused before they are inflated', () => {
  const bomb = Buffer.alloc(maxInflatedBytes + 1);
  for (const codec of ['gzip', 'zstd', 'lz4', 'snappy'] as const) {
    const packed = deflate(codec, bomb);
    assert.throws(() => inflate(codecs[codec], packed), codec);
  }
});

test('a batch is written into the request between its neighbours, and again elsewhere without a difference', () => {
  for (const compression of ['none', 'gzip'] as const) {
    const own = [record('one', { headers: { a: 'ä', b: 'plain', c: 'x'.repeat(100) } }), record('two', { key: 'ü', timestamp: 9000 })];
    const encoded = new EncodedBatch(own, own.map(payloadSize), identity, 5000, compression);
    const request = Buffer.alloc(encoded.size + 20, 0xee);
    encoded.write(request, 7);
    assert.ok(request.subarray(0, 7).every((byte) => byte === 0xee) && request.subarray(7 + encoded.size).every((byte) => byte === 0xee));
    assert.deepEqual(written(encoded), request.subarray(7, 7 + encoded.size));
    assert.equal(decodeBatches(written(encoded), 0).records.length, 2);
  }
});

test('a record that is not as long any more as when it was taken is not sent', () => {
  const headers: Record<string, string> = { a: 'first' };
  const own = [record('one', { headers }), record('two')];
  const encoded = new EncodedBatch(own, own.map(payloadSize), identity, 0, 'none');
  for (const now of ['', 'second']) {
    headers['a'] = now;
    assert.throws(() => written(encoded), RangeError);
  }
});
