import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Stalls } from '../../../benchmarks/studies/stalls.ts';

describe('partitions that stand still', () => {
  it('count from their last record on, once that is longer ago than the bound, each for itself', () => {
    const stalls = new Stalls(2, 500);
    stalls.came(0, 100);
    stalls.begin(10_000);
    stalls.came(0, 10_400);
    stalls.came(1, 10_300);
    stalls.came(0, 12_400);
    assert.equal(stalls.seconds, 2);
    stalls.came(1, 10_800);
    assert.equal(stalls.seconds, 2, 'a gap that is not above the bound');
    stalls.end(13_000);
    // 0 since 12.4 and 1 since 10.8.
    assert.equal(stalls.seconds, 4.8);
  });

  it('do not count what was before', () => {
    const stalls = new Stalls(1, 500);
    stalls.came(0, 0);
    stalls.came(0, 9_000);
    stalls.begin(10_000);
    stalls.came(0, 10_100);
    assert.equal(stalls.seconds, 0);
    // What never came at all stands still from the beginning.
    const silent = new Stalls(1, 500);
    silent.begin(1_000);
    silent.look(3_000);
    silent.end(3_000);
    assert.equal(silent.seconds, 2);
    assert.deepEqual(silent.curve(1_000), [[2, 1]]);
  });
});
