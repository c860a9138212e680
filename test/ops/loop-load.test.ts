import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LoopTimes, loopLoad } from '../../src/ops/loop-load.ts';

test('the load of the event loop is that of the newest tenth of a second, or more', () => {
  let times: LoopTimes = { idle: 1_000, active: 1_000 };
  const pass = (idle: number, active: number) => {
    times = { idle: times.idle + idle, active: times.active + active };
  };
  const load = loopLoad(() => times);
  pass(30, 20);
  assert.equal(load(), 0, 'nothing is known of so short a time');
  pass(30, 120);
  assert.equal(load(), 0.7);
  pass(0, 50);
  assert.equal(load(), 0.7);
  pass(0, 50);
  assert.equal(load(), 1);
  pass(900, 100);
  assert.equal(load(), 0.1);
});
