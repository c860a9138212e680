import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadWorkloads } from '../../../benchmarks/contract/workloads.ts';
import type { Findings } from '../../../benchmarks/load/order-check.ts';
import { exitCode } from '../../../benchmarks/report/exit-code.ts';
import { encoded, histogram, record } from '../../../benchmarks/report/histogram.ts';
import { report, unsound } from '../../../benchmarks/report/report.ts';
import { table } from '../../../benchmarks/report/table.ts';
import type { BacklogResult } from '../../../benchmarks/runner/backlog-round.ts';
import type { Outcome, PeerOutcome } from '../../../benchmarks/runner/outcome.ts';
import type { RateResult } from '../../../benchmarks/runner/rate-round.ts';

const round = (msgsPerSecond: number, cpuSecondsPerMillion: number): BacklogResult => ({
  ...{
    msgsPerSecond,
    cpuSecondsPerMillion,
    servicesCpuSecondsPerMillion: { kafka: cpuSecondsPerMillion / 2 },
    peakRssMb: 100,
    readyRssMb: 100,
    complete: true,
    totalCpuSeconds: 1,
    events: 10,
    lag: [],
    figures: {},
  },
});
const rateRound = (ms: number, more: Partial<RateResult> = {}): RateResult => {
  const own = histogram();
  for (let i = 1; i <= 1000; i++) record(own, (ms * i) / 1000);
  return {
    ...{
      rate: 500,
      load: null,
      events: 1_000,
      histogram: encoded(own),
      p50Ms: ms / 2,
      p99Ms: ms,
      maxMs: ms,
      late: 0,
      cpuSecondsPerMillion: 1,
    },
    ...{ peakRssMb: 1, generatorP99Ms: 1, acknowledgedP99Ms: 4, generatorPriority: 0, generatorMaxMs: 2, void: null, lag: [] },
    ...more,
  };
};
const sound: Findings = { messages: 10, patients: 1, outOfOrder: 0, duplicates: 0, missing: 0, wrong: 0 };
const peer = (name: string, backlog: BacklogResult[], rate: RateResult[] = [], findings = [sound]): PeerOutcome => ({
  peer: {
    name,
    what: `peer ${name}`,
    guarantee: 'some',
    work: ['map'],
    versions: () => ({ [name]: '1' }),
    launch: () => ({ command: '', args: [] }),
  },
  ...{ backlog, larger: [], rate, findings },
});
const outcome = async (...peers: PeerOutcome[]): Promise<Outcome> => ({
  workload: (await loadWorkloads()).find(({ name }) => name === 'passthrough') ?? assert.fail(),
  settings: {
    messages: 10,
    patients: 1,
    partitions: 1,
    workers: 1,
    duration: 1,
    rateSeconds: 1,
    rounds: 3,
    rate: 500,
    loads: [],
    maxLatenessMs: 10,
    margin: 0,
    budgetSeconds: 0,
  },
  peers: new Map(peers.map((one) => [one.peer.name, one])),
  missing: { streams: 'there is no JVM' },
  notes: [],
});

describe('benchmark report', () => {
  it('has ratios above 1 where Aorta is better, as medians of the rounds', async () => {
    const made = report(
      await outcome(
        peer('aorta', [round(100, 10), round(200, 20), round(400, 10)], [rateRound(10)]),
        peer('tuned', [round(50, 40), round(50, 40), round(100, 40)], [rateRound(40)]),
      ),
    );
    assert.deepEqual(made.ratios, { throughput: { tuned: 4 }, cpu: { tuned: 4 }, margin: {}, p99: { tuned: 4 } });
    const { msgsPerSecond, spread } = made.peers['aorta'] ?? assert.fail();
    assert.equal(msgsPerSecond, 200);
    assert.deepEqual(spread.msgsPerSecond, [100, 400]);
    assert.match(table(made), /tuned .* 4\.00× \(CPU 4\.00×\)/);
    assert.deepEqual(
      made.gates.filter(({ ratio }) => ratio !== null).map(({ peer: name, figure, verdict }) => [name, figure, verdict]),
      [
        ['tuned', 'throughput', 'goal reached'],
        ['tuned', 'cpu', 'goal reached'],
      ],
    );
  });

  it('shows a peer that cannot run as missing with the reason, and a failed one too, and never as zero', async () => {
    const broken = { ...peer('tuned', [round(50, 40)]), failed: 'it ended by itself' };
    const made = report(await outcome(peer('aorta', [round(100, 10)]), broken));
    assert.deepEqual(Object.keys(made.peers), ['aorta']);
    assert.deepEqual(made.missing, { streams: 'there is no JVM', tuned: 'failed: it ended by itself' });
    assert.deepEqual(made.ratios.throughput, {});
    assert.equal(exitCode([made], true), 1);
    assert.match(table(made), /missing: streams \(there is no JVM\)/);
  });

  it('ends with 2 below a gate where gates are checked, and not for a peer that is missing', async () => {
    const slow = report(await outcome(peer('aorta', [round(10, 40)]), peer('tuned', [round(100, 40)])));
    assert.equal(exitCode([slow], true), 2);
    assert.equal(exitCode([slow], false), 0);
    assert.equal(exitCode([report(await outcome(peer('aorta', [round(10, 40)])))], true), 0);
  });

  it('leaves void rounds out of the latency, and says so', async () => {
    const rate = [rateRound(10), rateRound(999, { void: 'the generator was late' }), rateRound(30), rateRound(500, { late: 5 })];
    const [latency] = report(await outcome(peer('aorta', [round(1, 1)], rate))).peers['aorta']?.latency ?? [];
    assert.equal(latency?.rounds, 2);
    assert.equal(latency?.p99Ms, 20);
    assert.equal(latency?.void.length, 2);
    assert.ok((latency?.curve.at(-1)?.[1] ?? 0) < 31, 'the curve is that of the rounds that count');
    const none = report(await outcome(peer('aorta', [round(1, 1)], [rateRound(1, { void: 'late' })])));
    assert.equal(none.peers['aorta']?.p99Ms, null);
    assert.match(table(none), /1 void: late/);
  });

  it('has processor time at the margin as the slope between two backlogs, start-up left out', async () => {
    const large = (totalCpuSeconds: number) => ({ ...round(1, 1), totalCpuSeconds, events: 1_000_010 });
    const [own, theirs] = [peer('aorta', [round(1, 1)]), peer('tuned', [round(1, 1)])];
    const made = report(await outcome({ ...own, larger: [large(21)] }, { ...theirs, larger: [large(41)] }));
    assert.equal(made.peers['aorta']?.marginCpuSecondsPerMillion, 20);
    assert.deepEqual(made.ratios.margin, { tuned: 2 });
    const cut = report(await outcome({ ...own, larger: [{ ...large(21), complete: false }] }));
    assert.equal(cut.peers['aorta']?.marginCpuSecondsPerMillion, null, 'a round that was cut off has no slope');
  });

  it('says when the output of a peer was not sound', async () => {
    const made = report(await outcome(peer('aorta', [round(1, 1)], [], [{ ...sound, wrong: 2 }])));
    assert.deepEqual(unsound(made), ['aorta']);
    assert.equal(exitCode([made], false), 3);
    assert.match(table(made), /BROKEN: 0 out of order, 0 missing, 2 wrong/);
  });
});
