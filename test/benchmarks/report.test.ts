import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BacklogResult } from '../../benchmarks/backlog-round.ts';
import { type PeerResults, report, table } from '../../benchmarks/report.ts';
import { OrderCheck } from '../../benchmarks/verify.ts';

const round = (msgsPerSecond: number, cpuSecondsPerMillion: number): BacklogResult => ({
  msgsPerSecond,
  cpuSecondsPerMillion,
  peakRssMb: 100,
  complete: true,
});
const results = (...backlog: BacklogResult[]): PeerResults => ({
  backlog,
  rate: [],
  findings: [{ messages: 10, patients: 1, outOfOrder: 0, duplicates: 0, missing: 0 }],
});

describe('benchmark report', () => {
  it('has ratios above 1 where Aorta is better, as medians of the rounds', () => {
    const outcome = report(
      'passthrough',
      new Map([
        ['aorta', results(round(100, 10), round(200, 20), round(400, 10))],
        ['tuned', results(round(50, 40), round(50, 40), round(100, 40))],
      ]),
    );
    assert.deepEqual(outcome.ratios, { throughput: { tuned: 4 }, cpu: { tuned: 4 } });
    const { msgsPerSecond, spread, p50Ms } = outcome.peers['aorta'] ?? assert.fail();
    assert.equal(msgsPerSecond, 200);
    assert.deepEqual(spread.msgsPerSecond, [100, 400]);
    assert.equal(p50Ms, null);
    assert.match(table(outcome), /tuned .* 4\.00× \(CPU 4\.00×\)/);
  });

  it('leaves latency out where events came too late to be counted', () => {
    const slow: PeerResults = {
      ...results(round(1, 1)),
      rate: [{ p50Ms: 1, p99Ms: 2, maxMs: 3, late: 5, generatorP99Ms: 0 }],
    };
    assert.equal(report('calls', new Map([['aorta', slow]])).peers['aorta']?.p50Ms, null);
  });
});

describe('order check of benchmarks', () => {
  const checked = (...events: readonly (readonly [string, number])[]) => {
    const check = new OrderCheck();
    for (const [patient, seq] of events) check.add(patient, seq);
    const { outOfOrder, duplicates, missing } = check.findings();
    return { outOfOrder, duplicates, missing };
  };

  it('passes what is in order for each patient, however patients mix', () => {
    assert.deepEqual(checked(['a', 0], ['b', 0], ['b', 1], ['a', 1]), { outOfOrder: 0, duplicates: 0, missing: 0 });
  });

  it('misses the last events of a whole backlog too', () => {
    const check = new OrderCheck();
    for (const seq of [0, 1, 1]) check.add('a', seq);
    assert.equal(check.findings(3).missing, 1);
    assert.equal(check.findings().missing, 0);
  });

  it('finds events out of order, twice, and missing', () => {
    assert.deepEqual(checked(['a', 1], ['a', 0]), { outOfOrder: 1, duplicates: 0, missing: 0 });
    assert.deepEqual(checked(['a', 0], ['a', 1], ['a', 0]), { outOfOrder: 0, duplicates: 1, missing: 0 });
    assert.deepEqual(checked(['a', 0], ['a', 3]), { outOfOrder: 0, duplicates: 0, missing: 2 });
  });
});
