import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAfter } from '../../../benchmarks/studies/recovery-round.ts';

test('an event that was to be sent before the peer caught up waited for the backlog, also when it comes out afterwards', () => {
  const started = 50_000;
  assert.equal(isAfter(started + 9_999, started, 10), false);
  assert.equal(isAfter(started + 10_000, started, 10), true);
  assert.equal(isAfter(started + 60_000, started, null), false);
});
