import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pressureOn } from '../../src/runtime/pressure.ts';

test('flows make room for ingress as its answers are late, and not while the event loop has time to spare', () => {
  const of = (late: number, load: number) =>
    pressureOn(
      () => late,
      () => load,
    )();
  assert.equal(of(0, 1), 0);
  assert.equal(of(1, 0.5), 0, 'a slow log alone');
  assert.equal(of(1, 0.75), 1);
  assert.equal(of(1, 1), 1);
  assert.equal(of(0.5, 0.625), 0.25);
});
