import type { Given, Measured, Plot, Study } from '../contract/study.ts';
import type { MllpReport } from '../mllp/report.ts';
import { program } from '../studies/program.ts';

const peers = ['aorta-embedded', 'aorta-ingress', 'medplum', 'node-hl7-server', 'hapi'];
/** Acknowledged a second where the machine's processors allow it; where not, five times the best listener of npm (issue 6). */
const goal = { perSecond: 3_000, times: 5 };
const npm = ['medplum', 'node-hl7-server'];
const whole = (value: number): string => Math.round(value).toLocaleString('en');

async function measure(given: Given): Promise<Measured> {
  const { rounds, duration } = given.options;
  const chosen = ['aorta', ...(given.peers.length > 0 ? given.peers : peers)];
  // What stands after `--` comes last: it counts.
  const flags = [
    '--peers',
    chosen.join(','),
    '--rounds',
    String(rounds),
    '--seconds',
    String(Math.min(20, duration)),
    '--in-flight',
    '1,2,8',
  ];
  const { code, documents } = await program('mllp/rate.ts', [...flags, ...given.own, '--json'], given);
  const all = documents as readonly MllpReport[];
  const [first] = all;
  if (!first) throw new Error('mllp told no figures');
  const names = [...new Set(all.flatMap(({ contestants }) => Object.keys(contestants)))];
  return {
    settings: { connections: first.connections, rounds },
    tables: all.map(tableOf),
    plots: [
      ...all.map(
        ({ inFlight, contestants }): Plot => ({
          ...{ kind: 'bars', title: `Acknowledged with ${inFlight} unanswered`, unit: 'messages/s' },
          bars: Object.entries(contestants).map(([name, { acknowledgedPerSecond: value, spread }]) => ({ name, value, spread })),
        }),
      ),
      {
        ...{ kind: 'lines', title: 'Latency to the acknowledgement', note: 'p99, by unanswered messages a connection' },
        ...{ x: { label: 'unanswered' }, y: { label: 'ms' } },
        lines: names.map((name) => ({
          name,
          points: all.flatMap(({ inFlight, contestants }) => {
            const of = contestants[name];
            return of ? [[inFlight, of.p99Ms] as const] : [];
          }),
        })),
      },
    ],
    figures: all,
    ratios: { throughput: first.ratios },
    notes: [judged(first)],
    missing: Object.assign({}, ...all.map(({ missing }) => missing)),
    broken: code === 3 ? ['what the product acknowledged was not read back whole, once and in order'] : [],
  };
}

/** A rate is no gate: it is the machine's as much as ours. So it is told, with the ratio that counts where it is not reached. */
function judged({ inFlight, contestants, ratios }: MllpReport): string {
  const rate = contestants['aorta']?.acknowledgedPerSecond ?? 0;
  const of = `${whole(rate)}/s acknowledged at ${inFlight} unanswered`;
  if (rate >= goal.perSecond) return `${of}: the goal of ${whole(goal.perSecond)}/s is reached`;
  const least = Math.min(...npm.flatMap((name) => ratios[name] ?? []));
  return `${of}, goal ${whole(goal.perSecond)}/s; ${Number.isFinite(least) ? least.toFixed(2) : 'nothing'} of the best listener of npm, goal ${goal.times}`;
}

const tableOf = ({ inFlight, contestants, ratios }: MllpReport) => ({
  title: `${inFlight} unanswered on each connection`,
  head: ['listener', 'acknowledged/s', 'p50 ms', 'p99 ms', 'CPU s/M', 'peak MB', 'Aorta ÷ peer', 'missing', 'out of order', 'twice'],
  rows: Object.entries(contestants).map(([name, of]) => [
    ...[
      name,
      whole(of.acknowledgedPerSecond),
      of.p50Ms.toFixed(1),
      of.p99Ms.toFixed(1),
      whole(of.cpuSecondsPerMillion),
      whole(of.peakRssMb),
    ],
    ratios[name] === undefined ? '' : `${ratios[name].toFixed(2)}×`,
    ...[of.readBack.missing, of.readBack.outOfOrder, of.readBack.duplicates].map(whole),
  ]),
});

export const studies: readonly Study[] = [
  {
    name: 'mllp',
    what: 'HL7 over MLLP, 50 connections, acknowledged after acks=all; 1, 2 and 8 unanswered on each',
    services: true,
    peers,
    flags: '--in-flight 1,2,8  --connections 50  --warm-up S  --prof DIR',
    measure,
  },
];
