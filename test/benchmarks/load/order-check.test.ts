import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OrderCheck } from '../../../benchmarks/load/order-check.ts';

describe('order check of benchmarks', () => {
  const checked = (...events: readonly (readonly [string, number | undefined])[]) => {
    const check = new OrderCheck();
    for (const [patient, place] of events) check.add(patient, place);
    const { outOfOrder, duplicates, missing, wrong } = check.findings();
    return { outOfOrder, duplicates, missing, wrong };
  };
  const nothing = { outOfOrder: 0, duplicates: 0, missing: 0, wrong: 0 };

  it('passes what is in order for each patient, however patients mix', () => {
    assert.deepEqual(checked(['a', 0], ['b', 0], ['b', 1], ['a', 1]), nothing);
  });

  it('misses the last events of a whole backlog too', () => {
    const check = new OrderCheck();
    for (const place of [0, 1, 1]) check.add('a', place);
    assert.equal(check.findings(3).missing, 1);
    assert.equal(check.findings().missing, 0);
  });

  it('finds events out of order, twice, missing, and wrong', () => {
    assert.deepEqual(checked(['a', 1], ['a', 0]), { ...nothing, outOfOrder: 1 });
    assert.deepEqual(checked(['a', 0], ['a', 1], ['a', 0]), { ...nothing, duplicates: 1 });
    assert.deepEqual(checked(['a', 0], ['a', 3]), { ...nothing, missing: 2 });
    assert.deepEqual(checked(['a', 0], ['a', undefined]), { ...nothing, wrong: 1 });
  });
});
