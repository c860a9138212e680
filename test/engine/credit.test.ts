import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultOptions, shareOf } from '../../src/engine/index.ts';

for (const [name, own, few] of [
  ['maxBytes', 4, [5, 30, 100]],
  ['maxSynchronousBytes', 1, [2, 30, 100]],
  ['maxReady', 2, [3, 8]],
  ['maxIdleBytes', 2, [3, 30, 100]],
  ['maxTrail', 4, [5, 30, 80]],
] as const)
  test(`what the flows of a worker may hold does not grow with their number: ${name}`, () => {
    const all = (flows: number): number => flows * shareOf(flows)[name];
    for (const flows of [0, 1, own]) assert.equal(shareOf(flows)[name], defaultOptions[name]);
    for (const flows of few) {
      assert.ok(all(flows) <= all(own), `${flows} flows`);
      assert.ok(all(flows) > all(own) - flows, `${flows} flows use what there is`);
    }
  });

test('however many flows there are, each has some of what it needs to go on', () => {
  const { maxSynchronousBytes, maxReady, maxTrail } = shareOf(1_000);
  assert.deepEqual([maxSynchronousBytes, maxReady, maxTrail], [192 * 1024, 64, 500]);
});
