import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetchLimits } from '../../../src/log/kafka/fetchLimits.ts';
import { Portion } from '../../../src/log/kafka/portion.ts';

const MiB = 1 << 20;

test('what the consumers of a log ask for together does not grow with their number', () => {
  let consumers = 0;
  const limits = fetchLimits({ maxWaitMs: 250, maxBytes: 2 * MiB, maxBytesPerPartition: MiB }, () => consumers);
  for (consumers of [0, 1, 4]) assert.deepEqual([limits.maxBytes, limits.maxBytesPerPartition], [2 * MiB, MiB]);
  for (consumers of [5, 8, 30, 64]) {
    assert.ok(consumers * limits.maxBytes <= 8 * MiB, `${consumers} consumers`);
    assert.ok(consumers * limits.maxBytes > 8 * MiB - consumers, `${consumers} consumers use what there is`);
    assert.equal(limits.maxBytesPerPartition, Math.min(MiB, limits.maxBytes));
  }
  consumers = 1000;
  assert.equal(limits.maxBytes, 128 << 10, 'a question for each record would cost more');
  // What a fetch is made with: the numbers of that moment.
  assert.deepEqual({ ...limits }, { maxWaitMs: 250, maxBytes: 128 << 10, maxBytesPerPartition: 128 << 10 });
});

test('what was asked for to be small stays so', () => {
  const limits = fetchLimits({ maxWaitMs: 100, maxBytes: 5_000, maxBytesPerPartition: 1_000 }, () => 100);
  assert.deepEqual([limits.maxBytes, limits.maxBytesPerPartition], [5_000, 1_000]);
});

test('what was asked for to be large is so with a few consumers', () => {
  let consumers = 4;
  const limits = fetchLimits({ maxWaitMs: 100, maxBytes: 32 * MiB, maxBytesPerPartition: 16 * MiB }, () => consumers);
  assert.deepEqual([limits.maxBytes, limits.maxBytesPerPartition], [32 * MiB, 16 * MiB]);
  consumers = 16;
  assert.deepEqual([limits.maxBytes, limits.maxBytesPerPartition], [8 * MiB, 8 * MiB]);
});

test('an answer that is half of what may be asked for now is a full one', () => {
  let consumers = 1;
  const portion = new Portion(fetchLimits({ maxWaitMs: 250, maxBytes: 2 * MiB, maxBytesPerPartition: MiB }, () => consumers));
  const all = Array.from({ length: 600 }, (_, i) => i);
  const gave = (bytes: number) => portion.got(portion.of(all), new Map([[0, bytes]]));
  gave(MiB / 8);
  assert.equal(portion.of(all).length, 600);
  consumers = 64;
  gave(MiB / 16);
  assert.equal(portion.of(all).length, 16);
});
