import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { curve, encoded, histogram, merged, percentile, record } from '../../../benchmarks/report/histogram.ts';

const of = (...values: readonly number[]): string => {
  const own = histogram();
  for (const ms of values) record(own, ms);
  return encoded(own);
};

describe('latency histograms', () => {
  it('come back from their file, and add up over rounds', () => {
    const sum = merged([of(...Array.from({ length: 99 }, () => 2)), of(800)]);
    assert.equal(sum.totalCount, 100);
    assert.ok(Math.abs(percentile(sum, 50) - 2) < 0.01);
    assert.ok(Math.abs(percentile(sum, 100) - 800) < 1);
    assert.ok(percentile(sum, 100) <= sum.maxValue / 1000);
  });

  it('show no percentile that so few events cannot carry', () => {
    const percents = (count: number) => curve(merged([of(...Array.from({ length: count }, (_, i) => i + 1))])).map(([percent]) => percent);
    assert.equal(percents(100).at(-1), 99);
    assert.equal(percents(10_000).at(-1), 99.99);
  });

  it('take a stall longer than their range as the longest', () => {
    assert.doesNotThrow(() => of(10_000_000, -5));
  });
});
