import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPressure } from '../../src/edge/pressure.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { manualClock } from '../log/sqlite/manual-clock.ts';

/** A clock whose timers can be late: `block` is a turn of the event loop in which none is heard. */
function open() {
  const clock = manualClock();
  let blocked = 0;
  const pressure = createPressure({
    telemetry: silentTelemetry,
    clock: { monotonic: () => clock.monotonic() + blocked, after: (ms, fn) => clock.after(ms, fn) },
  });
  const sample = (lateMs = 0) => {
    blocked += lateMs;
    clock.advance(100);
  };
  const many = (caller: string, count: number) => Array.from({ length: count }, () => pressure.enter(caller)).filter((each) => each);
  const block = (ms: number) => {
    blocked += ms;
  };
  return { pressure, clock, sample, many, block };
}

test('while the loop is in time nobody is refused, however much is under way', () => {
  const { pressure, sample, many } = open();
  assert.equal(many('a', 3_000).length, 3_000);
  for (let n = 0; n < 10; n++) sample(99);
  assert.equal(pressure.limit, Number.POSITIVE_INFINITY);
  assert.ok(pressure.enter('a'));
});

test('one pause is no load; two late samples in a row, or one of a second, halve what may be under way', () => {
  const { pressure, sample, many } = open();
  many('a', 200);
  sample(400);
  sample(0);
  sample(400);
  assert.equal(pressure.limit, Number.POSITIVE_INFINITY);
  sample(300);
  assert.equal(pressure.limit, 100);
  assert.equal(pressure.enter('a'), undefined);
  const other = open();
  other.many('a', 200);
  other.sample(1_000);
  assert.equal(other.pressure.limit, 100);
});

test('a turn that is long already is noticed within itself, once', () => {
  const { pressure, many, block } = open();
  many('a', 200);
  block(1_200);
  assert.equal(pressure.enter('a'), undefined);
  block(500);
  assert.equal(pressure.enter('a'), undefined);
  assert.equal(pressure.limit, 100, 'one judgement for one sample');
});

test('who has less than its share under way is let in; who has more is not', () => {
  const { pressure, sample, many } = open();
  many('noisy', 400);
  many('quiet', 2);
  sample(1_000);
  assert.equal(pressure.limit, 201);
  assert.equal(pressure.enter('noisy'), undefined);
  assert.ok(pressure.enter('quiet'), 'two of a hundred');
  assert.ok(pressure.enter('new'), 'nothing under way');
  assert.equal(many('quiet', 200).length, 64, 'up to a third of 201');
});

test('it keeps between 100 and 300 ms, opens below, and is gone within a second of calm', () => {
  const { pressure, sample, many } = open();
  const places = many('a', 400);
  sample(1_000);
  assert.equal(pressure.limit, 200);
  for (let n = 0; n < 5; n++) sample(200);
  assert.equal(pressure.limit, 200, 'neither way');
  for (let n = 0; n < 10; n++) sample(350);
  assert.equal(pressure.limit, 64, 'never less than some');
  for (const leave of places) leave?.();
  assert.equal(many('a', 80).length, 64);
  for (let n = 0; n < 10; n++) sample();
  assert.equal(pressure.limit, Number.POSITIVE_INFINITY);
});

test('a place is given back once, and no timer runs when nothing is under way', () => {
  const { pressure, clock, sample } = open();
  assert.equal(clock.waiting, 0);
  const leave = pressure.enter('a');
  const stays = pressure.enter('b');
  assert.equal(clock.waiting, 1);
  leave?.();
  leave?.();
  sample();
  assert.equal(clock.waiting, 1, 'b is still under way');
  stays?.();
  sample();
  assert.equal(clock.waiting, 0);
  pressure.enter('a');
  pressure.stop();
  assert.equal(clock.waiting, 0);
});
