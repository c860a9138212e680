import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Slabs } from '../../src/log/slabs.ts';

/** As an answer of a broker: records are views of it. */
const read = (bytes: number): Buffer => Buffer.from(new ArrayBuffer(bytes));

/** Memory that these buffers keep. */
const kept = (buffers: readonly Buffer[]): number => {
  let sum = 0;
  for (const memory of new Set(buffers.map(({ buffer }) => buffer))) sum += memory.byteLength;
  return sum;
};

test('each copy holds its own bytes', () => {
  const from = read(20_000);
  for (let i = 0; i < from.length; i++) from[i] = i % 251;
  const slabs = new Slabs();
  let at = 0;
  const copies = [0, 1, 2047, 2048, 2049, 5000, 1, 100, 2048, 2048, 2048].map((size) => {
    const start = at;
    at += size;
    return { start, end: at, own: slabs.own(from.subarray(start, at)) };
  });
  const before = Buffer.from(from);
  from.fill(0);
  for (const { start, end, own } of copies) assert.deepEqual(own, before.subarray(start, end));
});

test('one record that waits keeps no more than 8 KiB, whatever was read beside it', () => {
  const answer = read(1 << 20);
  const slabs = new Slabs();
  const all = Array.from({ length: 5_500 }, () => slabs.own(answer.subarray(1000, 2100)));
  const waiting = all.filter((_, i) => i % 55 === 0);
  assert.equal(kept(waiting), waiting.length * 8192);
  assert.ok(kept(all) < 1.2 * all.length * 1100, 'and little is lost where all of them wait');
});

test('a large record has memory of its own', () => {
  assert.equal(kept([new Slabs().own(read(100_000).subarray(0, 40_000))]), 40_000);
});

test('what has memory of its own is not copied again', () => {
  const slabs = new Slabs();
  const small = slabs.own(read(100_000).subarray(0, 100));
  const large = slabs.own(read(100_000).subarray(0, 40_000));
  const most = read(100_000).subarray(0, 60_000);
  assert.equal(slabs.own(small), small);
  assert.equal(slabs.own(large), large);
  assert.equal(slabs.own(most), most);
});

test('a record keeps nothing of what was read with it, and its texts stay as they are', () => {
  const answer = read(1 << 20);
  answer.write('keyvalueheader');
  const headers = Object.assign(Object.create(null) as object, { eventId: 'e1', blob: answer.subarray(8, 14) });
  const record = { offset: 1, timestamp: 2, key: answer.subarray(0, 3), value: answer.subarray(3, 8), headers };
  const own = new Slabs().ownRecord(record);
  assert.ok(kept([own.key, own.value, own.headers['blob']] as Buffer[]) <= 8192);
  assert.deepEqual([String(own.key), String(own.value), String(own.headers['blob'])], ['key', 'value', 'header']);
  assert.equal(own.headers['eventId'], 'e1');
  assert.equal(headers.blob.buffer, answer.buffer, 'the delivered headers are not changed');
  const texts = new Slabs().ownRecord({ offset: 1, timestamp: 2, key: 'k', value: null, headers: { eventId: 'e1' } });
  assert.deepEqual(texts, { offset: 1, timestamp: 2, key: 'k', value: null, headers: { eventId: 'e1' } });
});

test('the bytes of a key that came as a text lie in a slab too, not in the pool of Node', () => {
  const slabs = new Slabs();
  const keys = Array.from({ length: 100 }, (_, i) => {
    Buffer.from('x'.repeat(30_000));
    return slabs.ownKeyBytes(`patient-${i}`) as Buffer;
  });
  assert.ok(kept(keys) <= 8192, `${kept(keys)} bytes for ${keys.length} keys`);
  assert.deepEqual(
    keys.map(String),
    Array.from({ length: 100 }, (_, i) => `patient-${i}`),
  );
  assert.equal(slabs.ownKeyBytes('')?.length, 0);
});
