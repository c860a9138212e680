import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evaluated, ruleOf } from '../../../benchmarks/studies/alert.ts';

describe('the lag alert in a run', () => {
  it('is the one of deploy/alerts', () => {
    assert.deepEqual(ruleOf('AortaLag'), { alert: 'AortaLag', metric: 'aorta_flow_lag_records', bound: 1_000, forSeconds: 300 });
    assert.throws(() => ruleOf('AortaLag', 'groups: []'), /no rule AortaLag/);
  });

  const rule = { bound: 1_000, forSeconds: 3 };
  it('fires once the value was above its bound for so long, and clears with the first one that is not', () => {
    assert.deepEqual(evaluated(rule, [...[0, 1, 2, 3, 4].map((at) => [at, 5_000] as const), [5, 1_000]]), { firedAt: 3, clearedAt: 5 });
  });

  it('begins anew after a value that is not above, and may never clear', () => {
    const samples = [2_000, 2_000, 500, 2_000, 2_000, 2_000, 2_000].map((value, at) => [at, value] as const);
    assert.deepEqual(evaluated(rule, samples), { firedAt: 6, clearedAt: null });
    assert.deepEqual(evaluated(rule, samples.slice(0, 5)), { firedAt: null, clearedAt: null });
  });
});
