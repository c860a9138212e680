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
  /** As a client that is recognised, and one that is verified later where there is no limit. */
  const enter = (client?: string) => {
    const place = pressure.enter(() => client);
    if (client !== undefined) place?.verified(client);
    return place;
  };
  const many = (client: string | undefined, count: number) => Array.from({ length: count }, () => enter(client)).filter((each) => each);
  const block = (ms: number) => {
    blocked += ms;
  };
  return { pressure, clock, sample, enter, many, block };
}

test('while the loop is in time nobody is refused, however much is under way', () => {
  const { pressure, sample, many, enter } = open();
  assert.equal(many('a', 3_000).length, 3_000);
  for (let n = 0; n < 10; n++) sample(99);
  assert.equal(pressure.limit, Number.POSITIVE_INFINITY);
  assert.ok(enter('a'));
});

test('one pause is no load; two late samples in a row, or one of a second, halve what may be under way', () => {
  const { pressure, sample, many, enter } = open();
  many('a', 200);
  sample(400);
  sample(0);
  sample(400);
  assert.equal(pressure.limit, Number.POSITIVE_INFINITY);
  sample(300);
  assert.equal(pressure.limit, 100);
  assert.equal(enter('a'), undefined);
  const other = open();
  other.many('a', 200);
  other.sample(1_000);
  assert.equal(other.pressure.limit, 100);
});

test('a turn that is long already is noticed within itself, once', () => {
  const { pressure, many, block, enter } = open();
  many('a', 200);
  block(1_200);
  assert.equal(enter('a'), undefined);
  block(500);
  assert.equal(enter('a'), undefined);
  assert.equal(pressure.limit, 100, 'one judgement for one sample');
});

test('who has less than its share under way is let in; who has more is not', () => {
  const { pressure, sample, many, enter } = open();
  many('noisy', 400);
  many('quiet', 2);
  sample(1_000);
  assert.equal(pressure.limit, 201);
  assert.equal(enter('noisy'), undefined);
  assert.ok(enter('quiet'), 'two of a hundred');
  assert.ok(enter('new'), 'nothing under way');
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
  for (const leave of places) leave?.leave();
  assert.equal(many('a', 80).length, 64);
  for (let n = 0; n < 10; n++) sample();
  assert.equal(pressure.limit, Number.POSITIVE_INFINITY);
});

test('a place is given back once, and no timer runs when nothing is under way', () => {
  const { pressure, clock, sample, enter } = open();
  assert.equal(clock.waiting, 0);
  const leave = enter('a');
  const stays = enter('b');
  assert.equal(clock.waiting, 1);
  leave?.leave();
  leave?.leave();
  sample();
  assert.equal(clock.waiting, 1, 'b is still under way');
  stays?.leave();
  sample();
  assert.equal(clock.waiting, 0);
  enter('a');
  pressure.stop();
  assert.equal(clock.waiting, 0);
});

test('what is not verified is one caller: it takes nothing of a client, whatever it says, and ends at the limit', () => {
  const { pressure, sample, enter, many } = open();
  assert.equal(many(undefined, 150).length, 150);
  sample(1_200);
  assert.equal(pressure.limit, 75);
  assert.equal(many(undefined, 3_000).length, 0);
  assert.equal(many('good', 100).length, 37, 'half of 75');
  assert.equal(many('other', 100).length, 25, 'a third');
  assert.equal(enter(), undefined);
});

test('who keeps to less than the limit is let in, verified or not', () => {
  const { pressure, sample, many } = open();
  const places = many('noisy', 150);
  sample(1_200);
  for (const place of places) place?.leave();
  assert.equal(many(undefined, 3_000).length, pressure.limit);
  assert.equal(many('good', 1).length, 1);
});

test('no more callers are let in than the limit has places, not even one request of each', () => {
  const { pressure, sample, enter, many } = open();
  many('noisy', 150);
  sample(1_200);
  const { limit } = pressure;
  const clients = Array.from({ length: 1_000 }, (_, n) => enter(`client-${n}`)).filter((each) => each);
  assert.equal(clients.length, limit - 1);
  assert.equal(enter(), undefined);
});

test('a request that is verified later counts as its client from then on, and is refused where that has its share already', () => {
  const { pressure, sample, enter, many } = open();
  // Also what came before there was a limit.
  const early = pressure.enter();
  many('noisy', 199);
  assert.equal(early?.verified('good'), true);
  sample(1_000);
  assert.equal(pressure.limit, 100);
  const unknown = Array.from({ length: 33 }, () => pressure.enter());
  assert.ok(unknown.every((each) => each));
  assert.equal(pressure.enter(), undefined, 'a third of 100 is not verified');
  assert.equal(unknown[0]?.verified('noisy'), false);
  unknown[0]?.leave();
  assert.equal(unknown[1]?.verified('good'), true);
  assert.equal(unknown[1]?.verified('good'), true, 'once');
  assert.equal(many('good', 100).length, 31, 'two of its third are used');
  unknown[1]?.leave();
  assert.equal(unknown[1]?.verified('noisy'), true, 'it is over');
  assert.ok(enter('good'), 'its place is free');
  assert.ok(pressure.enter(), 'and so are two of those that were not verified');
});

test('nobody is recognised while there is no limit', () => {
  const { pressure, sample, many } = open();
  let asked = 0;
  const recognise = () => {
    asked++;
    return 'good';
  };
  pressure.enter(recognise);
  assert.equal(asked, 0);
  many('noisy', 200);
  sample(1_000);
  assert.ok(pressure.enter(recognise));
  assert.equal(asked, 1);
});
