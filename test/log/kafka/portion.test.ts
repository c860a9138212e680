import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Portion } from '../../../src/log/kafka/portion.ts';

const all = Array.from({ length: 600 }, (_, i) => i);
const gave = <T>(asked: readonly T[], ...sizes: readonly number[]) => new Map(sizes.map((size, i) => [asked[i] as T, size]));
const limits = { maxBytes: 2000 };

test('every partition comes first in turn', () => {
  const portion = new Portion(limits);
  assert.deepEqual(
    [portion.of([0, 1, 2]), portion.of([0, 1, 2]), portion.of([0, 1, 2]), portion.of([0, 1, 2])],
    [
      [0, 1, 2],
      [1, 2, 0],
      [2, 0, 1],
      [0, 1, 2],
    ],
  );
});

test('behind a full answer few partitions are asked for, and all again when answers are not full', () => {
  const portion = new Portion(limits);
  assert.equal(portion.of(all).length, 600);
  portion.got(all, gave(all, 1000, 1000, 0, 0));
  assert.deepEqual(portion.of(all), all.slice(1, 17));
  portion.got(all.slice(0, 16), gave(all, 10));
  assert.equal(portion.of(all).length, 64);
  portion.got(all.slice(0, 64), gave(all));
  assert.equal(portion.of(all).length, 256);
  portion.got(all.slice(0, 256), gave(all));
  assert.deepEqual(
    [...portion.of(all)].sort((a, b) => a - b),
    all,
  );
});

test('as many as fill an answer are asked for, twice over', () => {
  const portion = new Portion(limits);
  portion.of(all);
  portion.got(all, gave(all, ...new Array<number>(20).fill(100)));
  assert.equal(portion.of(all).length, 40);
  assert.equal(portion.of([1, 2, 3]).length, 3);
});

test('it wraps around the end of the list', () => {
  const portion = new Portion(limits);
  const few = all.slice(0, 20);
  for (let i = 0; i < 10; i++) portion.of(few);
  portion.got(few, gave(few, 1000, 1000));
  assert.deepEqual(portion.of(few), [...all.slice(10, 20), ...all.slice(0, 6)]);
});

test('it goes on with the last that gave something, of those that come first without a gap', () => {
  const portion = new Portion(limits);
  portion.of(all);
  portion.got(all, gave(all, 500, 500, 500, 500, 0));
  assert.equal(portion.of(all)[0], 3);
  portion.got(all, gave(all, 1000, 0, 1000));
  assert.equal(portion.of(all)[0], 4);
});

test('one that gave nothing comes first soon, whatever the others give: its batch may fit only there', () => {
  const portion = new Portion({ maxBytes: 10 });
  const large = 77;
  let asked: readonly number[] = portion.of(all);
  for (let turns = 0; asked[0] !== large; turns++) {
    assert.ok(turns < 600);
    portion.got(asked, new Map(asked.slice(0, 7).map((partition) => [partition, partition === large ? 0 : 5])));
    asked = portion.of(all);
  }
});

test('in an answer in another order than the question, those behind a gap are not passed', () => {
  const portion = new Portion(limits);
  portion.of(all);
  portion.got(
    all,
    new Map([
      [5, 100],
      [4, 100],
      [1, 100],
      [0, 100],
    ]),
  );
  assert.equal(portion.of(all)[0], 1);
});
