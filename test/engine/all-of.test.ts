import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allOf } from '../../src/engine/all-of.ts';

test('allOf runs a few at once, in order, and gives the results in their places', async () => {
  let [running, most] = [0, 0];
  const results = await allOf(
    Array.from({ length: 20 }, (_, i) => i),
    async (i) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, (i * 7) % 5));
      running--;
      return i * 2;
    },
    3,
  );
  assert.equal(most, 3);
  assert.deepEqual(
    results,
    [...Array(20).keys()].map((i) => i * 2),
  );
  assert.deepEqual(await allOf([], () => assert.fail('nothing to do')), []);
});

test('allOf throws the first failure by place, after everything has ended', async () => {
  const ended: number[] = [];
  const work = async (i: number) => {
    await new Promise((resolve) => setTimeout(resolve, 10 - i));
    ended.push(i);
    if (i % 2 === 1) throw new Error(`no ${i}`);
  };
  await assert.rejects(allOf([0, 1, 2, 3, 4], work, 5), /no 1/);
  assert.deepEqual(ended.toSorted(), [0, 1, 2, 3, 4]);
});

test('allOf begins nothing after a failure', async () => {
  const begun: number[] = [];
  const work = async (i: number) => {
    begun.push(i);
    if (i === 2) throw new Error('no');
  };
  await assert.rejects(allOf([0, 1, 2, 3, 4, 5], work, 1), /no/);
  assert.deepEqual(begun, [0, 1, 2]);
});
