import { isSound } from '../../load/order-check.ts';
import type { PeerReport, Report } from '../report.ts';
import { servicesText } from '../table.ts';
import { bars } from './bars.ts';
import { type Line, linear, lines, logarithmic, nines } from './lines.ts';
import { compact, escaped } from './svg.ts';
import { table } from './table.ts';

const ms = (value: number | null): string => (value === null ? '–' : value.toFixed(1));

/** One workload's part of the page. */
export function section(report: Report): string {
  const peers = Object.entries(report.peers);
  return `<section id="${escaped(report.workload)}"><h2>${escaped(report.workload)}</h2><p class="soft">${escaped(settingsOf(report))}</p>
${
  peers.length > 0
    ? `<div class="plots bars">${figures(peers).join('')}</div><p class="soft">Medians; the line over a bar goes from the least to the most round.</p>
<div class="plots">${[...latencies(peers), ...lags(peers)].join('')}</div>${summary(report, peers)}`
    : ''
}
${gates(report)}${notes(report)}</section>`;
}

function settingsOf({ what, settings }: Report): string {
  const { messages, patients, partitions, workers, rounds } = settings;
  return `${what}. ${messages.toLocaleString('en')} events of ${patients.toLocaleString('en')} patients, ${partitions} ${partitions === 1 ? 'partition' : 'partitions'}, ${workers > 1 ? `${workers} processes of each peer in TypeScript, ` : ''}${rounds} ${rounds === 1 ? 'round' : 'rounds'}.`;
}

type Peers = readonly (readonly [string, PeerReport])[];

const figures = (peers: Peers): string[] => [
  bars(
    'Throughput',
    'events/s',
    peers.map(([name, { msgsPerSecond, spread }]) => ({ name, value: msgsPerSecond, spread: spread.msgsPerSecond })),
  ),
  bars(
    'Processor time',
    'CPU s per million events',
    peers.map(([name, { cpuSecondsPerMillion, spread }]) => ({ name, value: cpuSecondsPerMillion, spread: spread.cpuSecondsPerMillion })),
  ),
  ...margin(peers),
  bars(
    'Peak memory',
    'MB resident',
    peers.map(([name, { peakRssMb, spread }]) => ({ name, value: peakRssMb, spread: spread.peakRssMb })),
  ),
];

function margin(peers: Peers): string[] {
  const all = peers.flatMap(([name, { marginCpuSecondsPerMillion: value }]) =>
    value === null ? [] : [{ name, value, spread: [value, value] as const }],
  );
  return all.length === peers.length ? [bars('Processor time at the margin', 'CPU s per million events', all)] : [];
}

/** A plot for each rate. */
function latencies(peers: Peers): string[] {
  const rates = [...new Set(peers.flatMap(([, { latency }]) => latency.map(({ rate }) => rate)))];
  return rates.flatMap((rate) => {
    const all: Line[] = peers.flatMap(([name, { latency }], index) => {
      const points = latency.find((at) => at.rate === rate)?.curve ?? [];
      return points.length > 0 ? [{ name, index, points }] : [];
    });
    if (all.length === 0) return [];
    const load = peers.flatMap(([, { latency }]) => latency).find((at) => at.rate === rate)?.load;
    const title = `Latency at ${rate.toLocaleString('en')} events/s${load ? ` (${Math.round(load * 100)} % load)` : ''}`;
    const points = all.flatMap((line) => line.points);
    const x = nines('percentile', Math.max(...points.map(([percent]) => percent)));
    return [
      lines(
        title,
        'from the intended time of sending, open loop',
        x,
        logarithmic(
          'ms',
          points.map(([, value]) => value),
        ),
        all,
      ),
    ];
  });
}

/** How a backlog went down: of each peer the round in the middle. And the lag at a rate, where one was measured. */
function lags(peers: Peers): string[] {
  const backlog: Line[] = peers.map(([name, { rounds }], index) => {
    const sorted = [...rounds].sort((a, b) => a.msgsPerSecond - b.msgsPerSecond);
    return { name, index, points: sorted[sorted.length >> 1]?.lag ?? [] };
  });
  const last = peers.flatMap(([, { rateRounds }]) => rateRounds.map(({ rate }) => rate)).reduce((a, b) => Math.max(a, b), 0);
  const live: Line[] = peers.flatMap(([name, { rateRounds }], index) => {
    const round = rateRounds.find(({ rate, void: reason }) => rate === last && reason === null);
    return round ? [{ name, index, points: round.lag }] : [];
  });
  return [
    ...plot('Lag while the backlog is worked off', 'the round in the middle, from the moment the peer was ready', backlog),
    ...plot(
      `Lag at ${last.toLocaleString('en')} events/s`,
      'events intended by then that were not out yet; the first seconds are start-up',
      live,
    ),
  ];
}

function plot(title: string, note: string, all: readonly Line[]): string[] {
  const points = all.flatMap((line) => line.points);
  if (points.length === 0) return [];
  const most = (axis: 0 | 1) => points.reduce((a, point) => Math.max(a, point[axis]), 0);
  return [lines(title, note, linear('seconds', most(0)), linear('events', most(1)), all)];
}

function summary({ ratios }: Report, peers: Peers): string {
  const head = [
    'peer',
    'events/s',
    'CPU s/M',
    'services CPU s/M',
    'MB',
    'p50 ms',
    'p99 ms',
    'Aorta ÷ peer',
    'CPU',
    'p99',
    'output',
    'guarantee',
  ];
  const times = (value: number | undefined) => (value === undefined ? '' : `${value.toFixed(2)}×`);
  const rows = peers.map(([name, peer]) => [
    escaped(name),
    compact(peer.msgsPerSecond),
    peer.cpuSecondsPerMillion.toFixed(1),
    servicesText(peer.servicesCpuSecondsPerMillion),
    peer.peakRssMb.toFixed(0),
    ms(peer.p50Ms),
    ms(peer.p99Ms),
    ...[ratios.throughput, ratios.cpu, ratios.p99].map((of) => times(of[name])),
    isSound(peer.verified) ? '<span class="good">sound</span>' : '<span class="bad">BROKEN</span>',
    escaped(peer.guarantee),
  ]);
  const detail = peers.flatMap(([name, { latency }]) =>
    latency.map((at) => [
      escaped(name),
      at.rate.toLocaleString('en'),
      ...[at.p50Ms, at.p90Ms, at.p99Ms, at.p999Ms, at.maxMs].map(ms),
      at.generatorP99Ms.toFixed(1),
      String(at.rounds),
      at.void.length > 0 ? `<span class="bad">${at.void.length} void</span>: ${escaped(at.void[0] ?? '')}` : '',
    ]),
  );
  const latencyHead = ['latency', 'rate/s', 'p50 ms', 'p90', 'p99', 'p99.9', 'max', 'generator p99 late', 'rounds', 'void'];
  return `${table(head, rows, [3, 10, 11])}${detail.length > 0 ? table(latencyHead, detail, [9]) : ''}`;
}

export function gates({ gates: all }: Pick<Report, 'gates'>): string {
  const rows = all.map(({ peer, figure, ratio, goal, aim, inForce, verdict }) => [
    `${figure} beside ${escaped(peer)}`,
    ratio === null ? '–' : `${ratio.toFixed(2)}×`,
    `${goal.toFixed(2)}${aim === undefined ? '' : ` (aim ${aim.toFixed(2)})`}`,
    inForce === null ? 'none' : inForce.toFixed(2),
    `<span class="${verdict === 'goal reached' ? 'good' : verdict === 'below the gate' ? 'bad' : 'soft'}">${verdict}</span>`,
  ]);
  return rows.length > 0 ? table(['ratio, above 1 better for Aorta', 'this run', 'goal', 'gate', ''], rows, [4]) : '';
}

export function notes({ missing, notes: all }: Pick<Report, 'missing' | 'notes'>): string {
  const lacking = Object.entries(missing).map(([name, reason]) => `<b>${escaped(name)}</b> is missing: ${escaped(reason)}`);
  return [...lacking, ...all.map(escaped)].map((line) => `<p class="soft">${line}</p>`).join('');
}
