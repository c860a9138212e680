import { isSound } from '../load/order-check.ts';
import type { PeerReport, Report } from './report.ts';

const count = (value: number): string => Math.round(value).toLocaleString('en');
const times = (value: number | undefined): string => (value === undefined ? '-' : `${value.toFixed(2)}×`);

/** Processor seconds a million events of the services on this machine: `kafka 8.2, postgres 0.1`. */
export const servicesText = (used: PeerReport['servicesCpuSecondsPerMillion']): string =>
  Object.entries(used)
    .map(([name, seconds]) => `${name} ${seconds.toFixed(1)}`)
    .join(', ') || '-';

/** The report for people. */
export function table({ workload, what, peers, missing, ratios, gates, notes }: Report): string {
  const head = [
    'peer',
    'messages/s',
    '(min–max)',
    'CPU s/million',
    'services',
    'peak RSS MB',
    'p50 ms',
    'p99 ms',
    'Aorta ÷ peer',
    'output',
  ];
  const rows = Object.entries(peers).map(([name, peer]) => [
    name,
    count(peer.msgsPerSecond),
    peer.spread.msgsPerSecond.map(count).join('–'),
    peer.cpuSecondsPerMillion.toFixed(1),
    servicesText(peer.servicesCpuSecondsPerMillion),
    peer.peakRssMb.toFixed(0),
    peer.p50Ms?.toFixed(1) ?? '-',
    peer.p99Ms?.toFixed(1) ?? '-',
    name === 'aorta' ? '' : `${times(ratios.throughput[name])} (CPU ${times(ratios.cpu[name])})`,
    isSound(peer.verified)
      ? `sound: ${count(peer.verified.messages)}`
      : `BROKEN: ${peer.verified.outOfOrder} out of order, ${peer.verified.missing} missing, ${peer.verified.wrong} wrong`,
  ]);
  const latency = Object.entries(peers).flatMap(([name, peer]) =>
    peer.latency.length < 2 && peer.latency.every((at) => at.void.length === 0)
      ? []
      : peer.latency.map((at) => [
          name,
          `${count(at.rate)}/s${at.load === null ? '' : ` (${Math.round(at.load * 100)} %)`}`,
          ...[at.p50Ms, at.p90Ms, at.p99Ms, at.p999Ms, at.maxMs].map((ms) => ms?.toFixed(1) ?? '-'),
          at.generatorP99Ms.toFixed(1),
          at.void.length > 0 ? `${at.void.length} void: ${at.void[0]}` : '',
        ]),
  );
  const margins = Object.entries(peers).flatMap(([name, { marginCpuSecondsPerMillion: own }]) =>
    own === null ? [] : [[name, own.toFixed(1), times(ratios.margin[name])]],
  );
  const judgements = gates
    .filter(({ ratio }) => ratio !== null)
    .map(({ peer, figure, ratio, goal, inForce, verdict }) => [
      `${figure} ÷ ${peer}`,
      times(ratio ?? undefined),
      `goal ${goal.toFixed(2)}`,
      inForce === null ? 'no gate' : `gate ${inForce.toFixed(2)}`,
      verdict,
    ]);
  return [
    `${workload}: ${what}`,
    columns([head, ...rows]),
    ...(latency.length > 0
      ? [columns([['latency', 'rate', 'p50 ms', 'p90', 'p99', 'p99.9', 'max', 'generator p99', ''], ...latency])]
      : []),
    ...(margins.length > 0 ? [columns([['margin', 'CPU s/million', 'Aorta ÷ peer'], ...margins])] : []),
    ...(judgements.length > 0 ? [columns(judgements)] : []),
    ...Object.entries(missing).map(([name, reason]) => `missing: ${name} (${reason.split('\n')[0]})`),
    ...notes.map((note) => `note: ${note}`),
  ].join('\n');
}

export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
