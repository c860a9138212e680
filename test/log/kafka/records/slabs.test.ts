import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Slabs } from '../../../../src/log/kafka/records/slabs.ts';

const copy = (slabs: Slabs, from: Buffer, start: number, end: number): Buffer => {
  const at = slabs.copy(from, start, end);
  return slabs.memory.subarray(at, at + end - start);
};

/** Memory that these buffers keep. */
const kept = (buffers: readonly Buffer[]): number => {
  let sum = 0;
  for (const memory of new Set(buffers.map(({ buffer }) => buffer))) sum += memory.byteLength;
  return sum;
};

test('each copy holds its own bytes', () => {
  const from = Buffer.from(Array.from({ length: 20_000 }, (_, i) => i % 251));
  const slabs = new Slabs();
  const sizes = [0, 1, 2047, 2048, 2049, 5000, 1, 100, 2048, 2048, 2048];
  let at = 0;
  const copies = sizes.map((size) => {
    const start = at;
    at += size;
    return { start, end: at, own: copy(slabs, from, start, at) };
  });
  const before = Buffer.from(from);
  from.fill(0);
  for (const { start, end, own } of copies) assert.deepEqual(own, before.subarray(start, end));
});

test('one record that waits keeps no more than 8 KiB, whatever was read beside it', () => {
  const from = Buffer.alloc(1100);
  const slabs = new Slabs();
  const all = Array.from({ length: 5_500 }, () => copy(slabs, from, 0, from.length));
  const waiting = all.filter((_, i) => i % 55 === 0);
  assert.equal(kept(waiting), waiting.length * 8192);
  assert.ok(kept(all) < 1.2 * all.length * from.length, 'and little is lost where all of them wait');
});

test('a large record has memory of its own', () => {
  const own = copy(new Slabs(), Buffer.alloc(100_000), 0, 50_000);
  assert.equal(own.buffer.byteLength, 50_000);
});
