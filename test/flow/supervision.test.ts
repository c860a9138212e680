import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deadLetter, delayBefore, fail, park, retry, ruleFor } from '../../src/flow/supervision.ts';
import { skip } from '../../src/index.ts';

test('bad records park a strict patient and are dead letters of a tolerant flow; neither is tried again', () => {
  for (const errorClass of ['Permanent', 'Decode'] as const) {
    assert.deepEqual(ruleFor(errorClass, 'strict'), { last: park });
    assert.deepEqual(ruleFor(errorClass, 'tolerant'), { last: deadLetter });
  }
});

test('what passes is tried again and then parked in either order; a defect parks at once; overload waits for ever', () => {
  for (const order of ['strict', 'tolerant'] as const) {
    assert.deepEqual(ruleFor('Transient', order), { retry: retry.ladder, last: park });
    assert.deepEqual(ruleFor('Defect', order), { last: park });
    assert.equal(
      delayBefore(ruleFor('Overload', order).retry, 1e9, () => 1),
      60_000,
    );
  }
});

test('a declared rule replaces the default of its class only', () => {
  const own = { Defect: { last: fail }, Transient: { last: skip('given-up') } };
  assert.deepEqual(ruleFor('Defect', 'strict', own), { last: fail });
  assert.equal(ruleFor('Transient', 'strict', own).last.then, 'skip');
  assert.deepEqual(ruleFor('Decode', 'strict', own), { last: park });
});

test('the ladder is 5 s, 30 s, 2 min, 10 min, 30 min, then it is used up', () => {
  const delays = [1, 2, 3, 4, 5, 6].map((attempt) => delayBefore(retry.ladder, attempt, () => 0));
  assert.deepEqual(delays, [5_000, 30_000, 120_000, 600_000, 1_800_000, undefined]);
  assert.equal(
    delayBefore(undefined, 1, () => 0),
    undefined,
  );
});

test('back-off is uniform below a bound that doubles up to its maximum, for so many tries', () => {
  const policy = retry.backoff(100, 1_000, 5);
  const bounds = [1, 2, 3, 4, 5, 6].map((attempt) => delayBefore(policy, attempt, () => 1));
  assert.deepEqual(bounds, [100, 200, 400, 800, 1_000, undefined]);
  assert.equal(
    delayBefore(policy, 3, () => 0.25),
    100,
  );
  assert.equal(
    delayBefore(retry.backoff(100, 1_000, Number.POSITIVE_INFINITY), 5_000, () => 1),
    1_000,
    'no overflow',
  );
});
