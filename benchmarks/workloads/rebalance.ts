import type { Given, Measured, Study } from '../contract/study.ts';
import { oneOutput } from '../contract/workload.ts';
import { median, range, rounded } from '../report/statistics.ts';
import { Stage } from '../runner/stage.ts';
import { inTurns } from '../studies/in-turns.ts';
import { chosen, versionsOf } from '../studies/peers.ts';
import { type RebalanceResult, rebalanceRound } from '../studies/rebalance-round.ts';

const peers = ['tuned', 'platformatic'];
const [partitions, patients, perSecond] = [12, 5_000, 1_000];
const workload = { ...oneOutput, name: 'rebalance', work: 'map' as const };

async function measure(given: Given): Promise<Measured> {
  const { options, peers: asked, progress, signal } = given;
  const rate = options.rate > 0 ? options.rate : perSecond;
  const line = await chosen(peers, asked);
  const missing: Record<string, string> = { ...line.missing };
  let results: ReadonlyMap<string, readonly RebalanceResult[]>;
  const stage = new Stage(signal);
  await stage.connect();
  try {
    results = await inTurns<RebalanceResult>(given, line.peers, missing, {
      input: (peer, round) => stage.input(`.${round}-${peer.name}`, partitions),
      run: (peer, round, input) =>
        stage.round({ peer, workload, purpose: `b${round}`, input, partitions, patients: options.patients || patients }, (own) =>
          rebalanceRound(own, {
            ...{ stage, rate, seconds: options.duration * 3, maxLatenessMs: options.maxLatenessMs },
            progress: (share) => progress.live(`rebalance ${peer.name}`, share),
          }),
        ),
      done: (input) => stage.cluster.remove(input),
      told: ({ name }, result) =>
        `${name.padEnd(12)} ${result.stalledPartitionSeconds.toFixed(1)} stalled-partition-seconds, ${result.redelivered} redelivered, max ${result.maxMs.toFixed(0)} ms${result.void ? `  VOID: ${result.void}` : ''}`,
    });
  } finally {
    await stage.close();
  }
  const all = [...results].filter(([name, rounds]) => rounds.length > 0 && missing[name] === undefined);
  const middle = (rounds: readonly RebalanceResult[], read: (of: RebalanceResult) => number) => rounded(median(rounds.map(read)), 2);
  const counted = (rounds: readonly RebalanceResult[]) => rounds.filter((round) => round.void === null);
  const mine = counted(results.get('aorta') ?? []);
  const p99 = all
    .filter(([name, rounds]) => name !== 'aorta' && mine.length > 0 && counted(rounds).length > 0)
    .map(([name, rounds]) => [name, rounded(middle(counted(rounds), (r) => r.p99Ms) / middle(mine, (r) => r.p99Ms), 3)]);
  return {
    settings: { 'events/s': rate, seconds: options.duration * 3, partitions, rounds: options.rounds },
    versions: versionsOf(line.peers),
    missing,
    ratios: { p99: Object.fromEntries(p99) },
    tables: [
      {
        title: 'Three workers, a fourth joins, and leaves',
        head: [
          'peer',
          'stalled-partition-s',
          '(min–max)',
          'by the join',
          'by the leave',
          'redelivered',
          'p99 ms',
          'max ms',
          'CPU s',
          'void',
        ],
        rows: all.map(([name, rounds]) => [
          ...[
            name,
            String(middle(rounds, (r) => r.stalledPartitionSeconds)),
            range(rounds.map((r) => r.stalledPartitionSeconds)).join('–'),
          ],
          ...[middle(rounds, (r) => r.joinStalledSeconds), middle(rounds, (r) => r.leaveStalledSeconds)].map(String),
          middle(rounds, (r) => r.redelivered).toLocaleString('en'),
          ...[middle(rounds, (r) => r.p99Ms), middle(rounds, (r) => r.maxMs), middle(rounds, (r) => r.cpuSeconds)].map((value) =>
            value.toFixed(1),
          ),
          String(rounds.length - counted(rounds).length),
        ]),
      },
    ],
    plots: [
      {
        ...{
          kind: 'lines',
          title: 'Partitions that stand still',
          note: 'no output although events come; a worker joins after a third, leaves after two',
        },
        ...{ x: { label: 'seconds' }, y: { label: 'partitions' } },
        lines: all.map(([name, rounds]) => ({ name, points: rounds[0]?.curve ?? [] })),
      },
      {
        ...{ kind: 'bars', title: 'Stalled', unit: 'partition-seconds' },
        bars: all.map(([name, rounds]) => ({
          ...{ name, value: middle(rounds, (r) => r.stalledPartitionSeconds) },
          spread: range(rounds.map((r) => r.stalledPartitionSeconds)),
        })),
      },
      {
        ...{ kind: 'bars', title: 'Redelivered', unit: 'events' },
        bars: all.map(([name, rounds]) => ({
          name,
          value: middle(rounds, (r) => r.redelivered),
          spread: range(rounds.map((r) => r.redelivered)),
        })),
      },
    ],
    figures: Object.fromEntries(all),
    broken: all.flatMap(([name, rounds]) => rounds.flatMap(({ broken }) => (broken === null ? [] : [`${name}: ${broken}`]))),
  };
}

export const studies: readonly Study[] = [
  {
    name: 'rebalance',
    what: '3, 4, 3 workers as processes at 1,000 events/s: seconds in which partitions stand still, events that come again',
    services: true,
    peers,
    measure,
  },
];
