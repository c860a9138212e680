import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exponent, slope } from '../../../benchmarks/report/fit.ts';

describe('how a cost grows', () => {
  const sizes = [1, 10, 100, 1_000];
  it('is the exponent of the size', () => {
    assert.equal(exponent(sizes.map((n) => [n, 7])), 0);
    assert.equal(exponent(sizes.map((n) => [n, 3 * n])), 1);
    assert.equal(exponent(sizes.map((n) => [n, n * n])), 2);
    assert.equal(exponent([[1, 7]]), null);
  });

  it('has a slope by least squares', () => {
    assert.equal(
      slope([
        [0, 1],
        [1, 3],
        [2, 5],
      ]),
      2,
    );
    assert.equal(
      slope([
        [1, 1],
        [1, 3],
      ]),
      null,
    );
  });
});
