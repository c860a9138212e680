import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { murmur2, murmur2Text, partitionOf } from '../../src/log/murmur2.ts';

test('murmur2 gives what the Java client gives (vectors of its own test)', () => {
  const vectors: Record<string, number> = {
    '21': -973932308,
    foobar: -790332482,
    'a-little-bit-long-string': -985981536,
    'a-little-bit-longer-string': -1486304829,
    lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
    abc: 479470107,
  };
  for (const [key, hash] of Object.entries(vectors)) {
    assert.equal(murmur2(Buffer.from(key)), hash, key);
    assert.equal(murmur2Text(key), hash, key);
  }
});

test('strings and bytes hash alike, also beyond ASCII and beyond the scratch buffer', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'grapheme', maxLength: 50 }),
        fc.string({ minLength: 300, maxLength: 3000 }),
      ),
      (key) => {
        assert.equal(murmur2Text(key), murmur2(Buffer.from(key)));
      },
    ),
  );
});

test('keys land where kafkajs and with it every Kafka client puts them', () => {
  const partitioner = Partitioners.DefaultPartitioner();
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'grapheme' }), fc.uint8Array({ maxLength: 40 })),
      fc.integer({ min: 1, max: 200 }),
      (key, count) => {
        const bytes = Buffer.from(key as string);
        const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({ partitionId, leader: 0 }));
        const theirs = partitioner({ topic: 't', partitionMetadata: partitionMetadata as never, message: { key: bytes, value: null } });
        assert.equal(partitionOf(typeof key === 'string' ? key : bytes, count), theirs);
      },
    ),
    { numRuns: 500 },
  );
});
