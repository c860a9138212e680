import type { Given, Measured, Study } from '../contract/study.ts';
import { oneOutput } from '../contract/workload.ts';
import { median, range, rounded } from '../report/statistics.ts';
import { Stage } from '../runner/stage.ts';
import { ruleOf } from '../studies/alert.ts';
import { inTurns } from '../studies/in-turns.ts';
import { chosen, versionsOf } from '../studies/peers.ts';
import { type RecoveryResult, recoveryRound } from '../studies/recovery-round.ts';

const peers = ['tuned', 'platformatic', 'streams', 'streams-tuned'];
const [partitions, patients, perSecond] = [12, 5_000, 2_000];
/** What a backlog stands for: so long nobody worked. */
const outageSeconds = 600;
const workload = { ...oneOutput, name: 'lag-recovery', work: 'map' as const };

async function measure(given: Given): Promise<Measured> {
  const { options, peers: asked, progress, signal } = given;
  const rate = options.rate > 0 ? options.rate : perSecond;
  const backlog = options.messages || rate * outageSeconds;
  // The rule waits for minutes, the drain of a backlog takes seconds: its time is shortened as the backlog is worked off.
  const rule = ruleOf('AortaLag');
  const forSeconds = rounded(Math.min(5, options.duration / 6), 2);
  const line = await chosen(peers, asked);
  const missing: Record<string, string> = { ...line.missing };
  let results: ReadonlyMap<string, readonly RecoveryResult[]>;
  const stage = new Stage(signal);
  await stage.connect();
  try {
    results = await inTurns<RecoveryResult>(given, line.peers, missing, {
      async input(peer, round) {
        // Live events go into it too, so each round has an input of its own.
        const input = await stage.input(`.${round}-${peer.name}`, partitions);
        await stage.cluster.fill(input, backlog, options.patients || patients, stage.schemaId);
        return input;
      },
      run(peer, round, input) {
        const plan = { peer, workload, purpose: `r${round}`, input, partitions, patients: options.patients || patients };
        return stage.round({ ...plan, more: { metrics: [rule.metric] } }, (own) =>
          recoveryRound(own, {
            ...{ stage, backlog, rate, seconds: options.duration, maxLatenessMs: options.maxLatenessMs, rule: { ...rule, forSeconds } },
            progress: (share) => progress.live(`lag-recovery ${peer.name}`, share),
          }),
        );
      },
      done: (input) => stage.cluster.remove(input),
      told: ({ name }, result) => `${name.padEnd(14)} ${told(result)}`,
    });
  } finally {
    await stage.close();
  }
  const all = [...results].filter(([name, rounds]) => rounds.length > 0 && missing[name] === undefined);
  const counted = (rounds: readonly RecoveryResult[]) => rounds.filter((round) => round.void === null && round.during.events > 0);
  const p99 = (rounds: readonly RecoveryResult[]) =>
    counted(rounds).length > 0 ? rounded(median(counted(rounds).map((r) => r.during.p99Ms))) : null;
  // A round whose live traffic ended first has nothing to tell.
  const p99After = (rounds: readonly RecoveryResult[]) => {
    const told = rounds.filter((round) => round.void === null && round.after.events > 0);
    return told.length > 0 ? median(told.map((r) => r.after.p99Ms)) : null;
  };
  const seconds = (rounds: readonly RecoveryResult[]) => rounds.map((r) => r.caughtUpSeconds ?? Number.POSITIVE_INFINITY);
  const own = results.get('aorta') ?? [];
  const ratio = (name: string, read: (rounds: readonly RecoveryResult[]) => number | null) => {
    const [mine, theirs] = [read(own), read(results.get(name) ?? [])];
    return mine && theirs && Number.isFinite(mine) && Number.isFinite(theirs) ? { [name]: rounded(theirs / mine, 3) } : {};
  };
  const others = all.map(([name]) => name).filter((name) => name !== 'aorta' && own.length > 0);
  const alerts = own.map(({ alert }) => alert);
  return {
    settings: { backlog, 'live events/s': rate, 'seconds of live traffic': options.duration, partitions, rounds: options.rounds },
    versions: versionsOf(line.peers),
    missing,
    ratios: {
      // The same backlog: who needs half the time is twice as fast.
      throughput: Object.assign({}, ...others.map((name) => ratio(name, (rounds) => median(seconds(rounds))))),
      p99: Object.assign({}, ...others.map((name) => ratio(name, p99))),
    },
    tables: [
      {
        title: 'Catching up',
        head: [
          'peer',
          'seconds',
          '(min–max)',
          'live p99 ms meanwhile',
          'p99 ms afterwards',
          'generator p99 late',
          'CPU s/M',
          'peak MB',
          'void',
        ],
        rows: all.map(([name, rounds]) => [
          ...[name, orNever(median(seconds(rounds))), range(seconds(rounds)).map(orNever).join('–')],
          ...[p99(rounds), p99After(rounds)].map((ms) => ms?.toFixed(1) ?? '-'),
          ...[median(rounds.map((r) => r.generatorP99Ms)), median(rounds.map((r) => r.cpuSecondsPerMillion))].map((value) =>
            value.toFixed(1),
          ),
          Math.max(...rounds.map((r) => r.peakRssMb)).toFixed(0),
          rounds.filter((r) => r.void !== null).length.toString(),
        ]),
      },
      {
        title: `Alert ${rule.alert}: ${rule.metric} > ${rule.bound}, for ${forSeconds} s here, ${rule.forSeconds} s in deploy/alerts`,
        head: ['round', 'fired after s', 'cleared after s'],
        rows: alerts.map((alert, round) => [
          String(round + 1),
          alert?.firedAt?.toString() ?? 'never',
          alert?.clearedAt?.toString() ?? 'never',
        ]),
      },
    ],
    plots: [
      {
        ...{ kind: 'lines', title: 'Lag', note: 'events behind, new ones counted; from the moment the peer was ready' },
        ...{ x: { label: 'seconds' }, y: { label: 'events' } },
        lines: all.map(([name, rounds]) => ({ name, points: rounds[0]?.lag ?? [] })),
      },
      {
        ...{ kind: 'lines', title: `What ${rule.alert} sees`, note: `${rule.metric} of Aorta, scraped each second` },
        ...{ x: { label: 'seconds' }, y: { label: 'records' } },
        lines: own.slice(0, 1).flatMap(({ metric }) => [
          { name: rule.metric, points: metric },
          { name: `bound ${rule.bound}`, points: [[0, rule.bound] as const, [metric.at(-1)?.[0] ?? 1, rule.bound] as const] },
        ]),
      },
    ],
    figures: Object.fromEntries(all),
    notes: alerts.every((alert) => alert?.firedAt != null && alert.clearedAt !== null)
      ? []
      : [`${rule.alert} did not fire and clear in every round: the backlog was gone within ${forSeconds} s, or not at all`],
    broken: all.flatMap(([name, rounds]) => rounds.flatMap(({ broken }) => (broken === null ? [] : [`${name}: ${broken}`]))),
  };
}

const orNever = (value: number): string => (Number.isFinite(value) ? value.toFixed(1) : 'never');
const told = ({ caughtUpSeconds, during, alert, void: reason }: RecoveryResult): string =>
  `${caughtUpSeconds === null ? 'did not catch up' : `caught up after ${caughtUpSeconds.toFixed(1)} s`}  live p99 ${during.p99Ms.toFixed(0)} ms meanwhile${alert ? `  alert ${alert.firedAt === null ? 'never fired' : `fired at ${alert.firedAt} s, ${alert.clearedAt === null ? 'never cleared' : `cleared at ${alert.clearedAt} s`}`}` : ''}${reason ? `  VOID: ${reason}` : ''}`;

export const studies: readonly Study[] = [
  {
    name: 'lag-recovery',
    what: 'a backlog of 10 minutes at 2,000/s worked off while new events go on coming; lag, live p99, and the lag alert',
    services: true,
    peers,
    measure,
  },
];
