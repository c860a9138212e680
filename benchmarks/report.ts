import type { BacklogResult } from './backlog-round.ts';
import type { RateResult } from './rate-round.ts';
import type { Findings } from './verify.ts';

export interface PeerResults {
  readonly backlog: BacklogResult[];
  readonly rate: RateResult[];
  readonly findings: Findings[];
}

/** The contract's shape (contract.md, Benchmarks), and the spread of each figure under `rounds`. */
export interface Report {
  readonly workload: string;
  readonly peers: Readonly<Record<string, PeerReport>>;
  /** Aorta ÷ peer; above 1 is better for Aorta in both. */
  readonly ratios: { readonly throughput: Readonly<Record<string, number>>; readonly cpu: Readonly<Record<string, number>> };
}

export interface PeerReport {
  readonly msgsPerSecond: number;
  readonly cpuSecondsPerMillion: number;
  readonly peakRssMb: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly spread: { readonly msgsPerSecond: readonly [number, number]; readonly cpuSecondsPerMillion: readonly [number, number] };
  /** Sums over the rounds whose output was read back. */
  readonly verified: { readonly messages: number; readonly outOfOrder: number; readonly duplicates: number; readonly missing: number };
  readonly complete: boolean;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

const rounded = (value: number, digits = 1): number => Number(value.toFixed(digits));
const range = (values: readonly number[]): readonly [number, number] => [rounded(Math.min(...values)), rounded(Math.max(...values))];

export function report(workload: string, results: ReadonlyMap<string, PeerResults>): Report {
  const peers = Object.fromEntries([...results].map(([name, own]) => [name, peerReport(own)]));
  const mine = results.get('aorta');
  const throughput: Record<string, number> = {};
  const cpu: Record<string, number> = {};
  for (const [name, other] of results) {
    if (name === 'aorta' || !mine) continue;
    // The median of the rounds' own ratios: both halves of one round met the same noise.
    throughput[name] = rounded(median(pairs(mine, other).map(([a, b]) => a.msgsPerSecond / b.msgsPerSecond)), 3);
    cpu[name] = rounded(median(pairs(mine, other).map(([a, b]) => b.cpuSecondsPerMillion / a.cpuSecondsPerMillion)), 3);
  }
  return { workload, peers, ratios: { throughput, cpu } };
}

function pairs(mine: PeerResults, other: PeerResults): (readonly [BacklogResult, BacklogResult])[] {
  return mine.backlog.flatMap((own, round) => {
    const theirs = other.backlog[round];
    return theirs ? [[own, theirs] as const] : [];
  });
}

function peerReport({ backlog, rate, findings }: PeerResults): PeerReport {
  const sum = (read: (of: Findings) => number) => findings.reduce((total, of) => total + read(of), 0);
  const latency = rate.filter(({ late }) => late === 0);
  return {
    msgsPerSecond: rounded(median(backlog.map((r) => r.msgsPerSecond))),
    cpuSecondsPerMillion: rounded(median(backlog.map((r) => r.cpuSecondsPerMillion))),
    peakRssMb: rounded(Math.max(...backlog.map((r) => r.peakRssMb))),
    p50Ms: latency.length > 0 ? rounded(median(latency.map((r) => r.p50Ms))) : null,
    p99Ms: latency.length > 0 ? rounded(median(latency.map((r) => r.p99Ms))) : null,
    spread: {
      msgsPerSecond: range(backlog.map((r) => r.msgsPerSecond)),
      cpuSecondsPerMillion: range(backlog.map((r) => r.cpuSecondsPerMillion)),
    },
    verified: {
      messages: sum((f) => f.messages),
      outOfOrder: sum((f) => f.outOfOrder),
      duplicates: sum((f) => f.duplicates),
      missing: sum((f) => f.missing),
    },
    complete: backlog.every((r) => r.complete),
  };
}

/** The report for people. */
export function table({ peers, ratios }: Report): string {
  const head = ['peer', 'messages/s', '(min–max)', 'CPU s/million', 'peak RSS MB', 'p50 ms', 'p99 ms', 'Aorta ÷ peer', 'order'];
  const rows = Object.entries(peers).map(([name, peer]) => [
    name,
    Math.round(peer.msgsPerSecond).toLocaleString('en'),
    peer.spread.msgsPerSecond.map((value) => Math.round(value).toLocaleString('en')).join('–'),
    peer.cpuSecondsPerMillion.toFixed(1),
    peer.peakRssMb.toFixed(0),
    peer.p50Ms?.toFixed(1) ?? '-',
    peer.p99Ms?.toFixed(1) ?? '-',
    name === 'aorta' ? '' : `${ratios.throughput[name]?.toFixed(2)}× (CPU ${ratios.cpu[name]?.toFixed(2)}×)`,
    peer.verified.outOfOrder + peer.verified.missing === 0
      ? `kept over ${peer.verified.messages.toLocaleString('en')}`
      : `BROKEN: ${peer.verified.outOfOrder} out of order, ${peer.verified.missing} missing`,
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  return [head, ...rows]
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '))
    .join('\n');
}
