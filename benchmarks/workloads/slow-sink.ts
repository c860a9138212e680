import type { Given, Measured, Study } from '../contract/study.ts';
import { median, range, rounded } from '../report/statistics.ts';
import { Stage } from '../runner/stage.ts';
import { inTurns } from '../studies/in-turns.ts';
import { chosen, versionsOf } from '../studies/peers.ts';
import { type StuckResult, stuckRound } from '../studies/stuck-round.ts';
import { workloads as effects } from './effects.ts';

const peers = ['pg-event', 'pg-batch'];

async function measure(given: Given): Promise<Measured> {
  const { options, peers: asked, progress, signal } = given;
  const [workload] = effects;
  if (!workload) throw new Error('there is no workload effects');
  const [messages, patients] = [options.messages || 300_000, options.patients || workload.patients];
  const { partitions } = workload;
  const line = await chosen(peers, asked);
  const missing: Record<string, string> = { ...line.missing };
  let results: ReadonlyMap<string, readonly StuckResult[]>;
  const stage = new Stage(signal);
  await stage.connect();
  try {
    const input = await stage.input('.backlog', partitions);
    progress.say(`  writing ${messages.toLocaleString('en')} events`);
    await stage.cluster.fill(input, messages, patients, stage.schemaId);
    results = await inTurns<StuckResult>(given, line.peers, missing, {
      input: async () => input,
      run: (peer, round) =>
        stage.round({ peer, workload, purpose: `s${round}`, input, partitions, patients }, (own) =>
          stuckRound(own, {
            ...{ messages, stuckSeconds: options.duration, drainSeconds: options.duration * 4 },
            progress: (share) => progress.live(`slow-sink ${peer.name}`, share),
          }),
        ),
      told: ({ name }, { stuckMb, peakMb, drained, drainSeconds }) =>
        `${name.padEnd(10)} ${stuckMb.toFixed(0)} MB while stuck, ${peakMb.toFixed(0)} MB at most  ${drained ? `drained in ${drainSeconds.toFixed(1)} s` : 'not drained in time'}`,
    });
  } finally {
    await stage.close();
  }
  const all = [...results].filter(([name, rounds]) => rounds.length > 0 && missing[name] === undefined);
  const middle = (rounds: readonly StuckResult[], read: (of: StuckResult) => number) => rounded(median(rounds.map(read)));
  return {
    settings: { messages, partitions, 'seconds stuck': options.duration, rounds: options.rounds },
    versions: versionsOf(line.peers),
    missing,
    tables: [
      {
        title: 'Memory with a locked table',
        head: ['peer', 'MB before', 'MB while stuck', 'MB at most', '(min–max)', 'seconds to drain', 'drained'],
        rows: all.map(([name, rounds]) => [
          ...[
            name,
            ...[middle(rounds, (r) => r.beforeMb), middle(rounds, (r) => r.stuckMb), middle(rounds, (r) => r.peakMb)].map((mb) =>
              mb.toFixed(0),
            ),
          ],
          range(rounds.map((r) => r.peakMb)).join('–'),
          rounded(median(rounds.map((r) => r.drainSeconds))).toString(),
          rounds.every((r) => r.drained) ? 'yes' : 'NO',
        ]),
      },
    ],
    plots: [
      {
        ...{ kind: 'bars', title: 'Peak memory while stuck', unit: 'MB resident' },
        bars: all.map(([name, rounds]) => ({ name, value: middle(rounds, (r) => r.stuckMb), spread: range(rounds.map((r) => r.stuckMb)) })),
      },
      {
        ...{
          kind: 'lines',
          title: 'Peak memory so far',
          note: `the sink is stuck for ${options.duration} s, then the backlog is worked off`,
        },
        ...{ x: { label: 'seconds' }, y: { label: 'MB resident' } },
        lines: all.map(([name, rounds]) => ({ name, points: rounds[0]?.memory ?? [] })),
      },
    ],
    figures: Object.fromEntries(all),
    broken: all.flatMap(([name, rounds]) => rounds.flatMap(({ broken }) => (broken === null ? [] : [`${name}: ${broken}`]))),
  };
}

export const studies: readonly Study[] = [
  {
    name: 'slow-sink',
    what: 'a backlog before a table that somebody else has locked: memory while stuck, then the drain',
    services: true,
    peers,
    measure,
  },
];
