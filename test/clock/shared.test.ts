import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../src/clock/clock.ts';
import { createSharedClock } from '../../src/clock/shared.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

/** A machine whose wall clock is wrong by `wrong`, and a store whose clock is right; answers take `wayMs`. */
function machine() {
  const right = new VirtualClock();
  const state = { wrongMs: 0, wayMs: 0, away: false, asked: 0 };
  const own: Clock = {
    now: () => right.now() + state.wrongMs,
    monotonic: () => right.monotonic(),
    after: (ms, fn) => right.after(ms, fn),
    soon: (fn) => right.soon(fn),
  };
  const told: number[] = [];
  const ask = async () => {
    state.asked++;
    if (state.away) throw new Error('away');
    await new Promise<void>((resolve) => right.after(state.wayMs / 2, resolve));
    const now = right.now();
    await new Promise<void>((resolve) => right.after(state.wayMs / 2, resolve));
    return now;
  };
  const clock = () => createSharedClock({ own, ask, told: (ms) => told.push(Math.round(ms)) });
  return { right, state, told, clock };
}

test('a machine that is wrong by ten minutes has the time of the store, and says how far it is ahead', async () => {
  const { right, state, told, clock } = machine();
  state.wrongMs = 600_000;
  const shared = clock();
  assert.equal(shared.now() - right.now(), 600_000, 'before anybody answered');
  state.wayMs = 40;
  const agreed = shared.agree();
  await right.advance(100);
  await agreed;
  assert.ok(Math.abs(shared.now() - right.now()) <= 20, `${shared.now() - right.now()} ms`);
  assert.deepEqual(told, [600_000]);
  shared.close();
});

test('a step of the wall clock changes nothing, also while the store is away; time passes by the monotonic clock', async () => {
  const { right, state, clock } = machine();
  const shared = clock();
  const agreed = shared.agree();
  await right.advance(1);
  await agreed;
  state.away = true;
  for (const wrongMs of [600_000, -600_000, 2_000]) {
    state.wrongMs = wrongMs;
    await right.advance(45_000);
    assert.ok(Math.abs(shared.now() - right.now()) <= 1, `${shared.now() - right.now()} ms off after a step to ${wrongMs}`);
  }
  assert.ok(state.asked >= 4, 'it goes on asking');
  shared.close();
  const { asked } = state;
  await right.advance(120_000);
  assert.equal(state.asked, asked, 'and ends');
});

test('an answer that took too long decides nothing; whole milliseconds, as tables want them', async () => {
  const { right, state, clock } = machine();
  state.wrongMs = 5_000;
  state.wayMs = 3_000;
  const shared = clock();
  const agreed = shared.agree();
  await right.advance(4_000);
  await agreed;
  assert.equal(shared.now() - right.now(), 5_000);
  await right.advance(0.4);
  assert.ok(Number.isInteger(shared.now()));
  shared.close();
});
