import { type Findings, isSound } from '../load/order-check.ts';
import type { BacklogResult } from '../runner/backlog-round.ts';
import type { Outcome, PeerOutcome, Settings } from '../runner/outcome.ts';
import type { RateResult } from '../runner/rate-round.ts';
import type { ServicesUsage } from '../runner/services-usage.ts';
import { type Judged, judged } from './gates.ts';
import { curve, encoded, merged, percentile } from './histogram.ts';
import { median, range, rounded } from './statistics.ts';

/** Latency at one rate, over the rounds that count. */
export interface LatencyReport {
  readonly rate: number;
  readonly load: number | null;
  readonly rounds: number;
  /** Rounds that do not count, with the reason of each. */
  readonly void: readonly string[];
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  readonly p999Ms: number | null;
  readonly maxMs: number | null;
  readonly spread: { readonly p99Ms: readonly [number, number] | null };
  readonly generatorP99Ms: number;
  readonly cpuSecondsPerMillion: number | null;
  /** `[percentile, ms]` of all rounds that count, as one. */
  readonly curve: readonly (readonly [number, number])[];
  /** HdrHistogram in microseconds, compressed, base64: all rounds that count. */
  readonly histogram: string | null;
}

/** The contract's shape (contract.md, Benchmarks), and beside it what explains the figures. */
export interface Report {
  readonly workload: string;
  readonly what: string;
  readonly settings: Settings;
  readonly peers: Readonly<Record<string, PeerReport>>;
  /** Peers that could not run or failed, with the reason. */
  readonly missing: Readonly<Record<string, string>>;
  /** Medians of the rounds' own ratios; above 1 is better for Aorta in all of them. */
  readonly ratios: {
    readonly throughput: Readonly<Record<string, number>>;
    readonly cpu: Readonly<Record<string, number>>;
    /** Processor time at the margin, where it was measured. */
    readonly margin: Readonly<Record<string, number>>;
    /** At half load, or at the one rate there is. */
    readonly p99: Readonly<Record<string, number>>;
  };
  readonly gates: readonly Judged[];
  readonly notes: readonly string[];
}

export interface PeerReport {
  readonly what: string;
  readonly guarantee: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly msgsPerSecond: number;
  readonly cpuSecondsPerMillion: number;
  /** Of the broker and PostgreSQL meanwhile, medians; without those that are not on this machine. */
  readonly servicesCpuSecondsPerMillion: ServicesUsage;
  /** The slope between the backlog and the larger one: without start-up and compilation. */
  readonly marginCpuSecondsPerMillion: number | null;
  readonly peakRssMb: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly spread: {
    readonly msgsPerSecond: readonly [number, number];
    readonly cpuSecondsPerMillion: readonly [number, number];
    readonly peakRssMb: readonly [number, number];
  };
  /** Sums over all rounds: every output was read back. */
  readonly verified: Omit<Findings, 'patients'>;
  readonly complete: boolean;
  readonly latency: readonly LatencyReport[];
  readonly rounds: readonly BacklogResult[];
  readonly largerRounds: readonly BacklogResult[];
  readonly rateRounds: readonly RateResult[];
}

export function report({ workload, settings, peers, missing, notes }: Outcome, quick = false): Report {
  const measured = [...peers].filter(([, { backlog, failed }]) => backlog.length > 0 && failed === undefined);
  const failed = [...peers].flatMap(([name, { failed: reason }]) => (reason === undefined ? [] : [[name, `failed: ${reason}`] as const]));
  const reports = Object.fromEntries(measured.map(([name, own]) => [name, peerReport(own)]));
  const ratios = ratiosOf(new Map(measured), reports);
  const few = settings.rounds < 3 ? ['fewer than 3 rounds: an indication, not a measurement'] : [];
  return {
    ...{ workload: workload.name, what: workload.what, settings, peers: reports },
    missing: { ...missing, ...Object.fromEntries(failed) },
    ratios,
    gates: judged(workload.name, ratios, quick),
    notes: [...few, ...bound(workload, settings), ...notes],
  };
}

/** What no peer can exceed, whatever it costs: calls at once ÷ their time (Little's law). */
function bound({ callMs: [from, to], inFlight }: Outcome['workload'], { patients }: Settings): readonly string[] {
  if (to === 0) return [];
  const most = Math.min(inFlight || patients, patients) / ((from + to) / 2 / 1000);
  return [`calls bound everybody to ${Math.round(most).toLocaleString('en')} events/s`];
}

function ratiosOf(peers: ReadonlyMap<string, PeerOutcome>, reports: Readonly<Record<string, PeerReport>>): Report['ratios'] {
  const ratios = { throughput: {}, cpu: {}, margin: {}, p99: {} } as Record<keyof Report['ratios'], Record<string, number>>;
  const mine = peers.get('aorta');
  for (const [name, other] of peers) {
    if (name === 'aorta' || !mine) continue;
    // The median of the rounds' own ratios: both halves of one round met the same noise.
    const pairs = mine.backlog.flatMap((own, round) => (other.backlog[round] ? [[own, other.backlog[round]] as const] : []));
    ratios.throughput[name] = rounded(median(pairs.map(([a, b]) => a.msgsPerSecond / b.msgsPerSecond)), 3);
    // The kernel counts processor time in steps of 10 ms: a tiny round may show none.
    const cpus = pairs.filter(([a]) => a.cpuSecondsPerMillion > 0).map(([a, b]) => b.cpuSecondsPerMillion / a.cpuSecondsPerMillion);
    if (cpus.length > 0) ratios.cpu[name] = rounded(median(cpus), 3);
    const slopes = margins(mine).flatMap((a, round) => {
      const b = margins(other)[round];
      return a && b ? [b / a] : [];
    });
    if (slopes.length > 0) ratios.margin[name] = rounded(median(slopes), 3);
    const [own, theirs] = [reports['aorta']?.p99Ms, reports[name]?.p99Ms];
    if (own && theirs) ratios.p99[name] = rounded(theirs / own, 3);
  }
  return ratios;
}

/** Of each round, where both backlogs came out whole: processor seconds a million events between the one and the other. */
const margins = ({ backlog, larger }: Pick<PeerOutcome, 'backlog' | 'larger'>): readonly (number | null)[] =>
  larger.map((large, round) => {
    const small = backlog[round];
    const slope = small ? ((large.totalCpuSeconds - small.totalCpuSeconds) * 1e6) / (large.events - small.events) : 0;
    return small?.complete && large.complete && slope > 0 ? slope : null;
  });

function peerReport({ peer, backlog, larger, rate, findings }: PeerOutcome): PeerReport {
  const sum = (read: (of: Findings) => number) => findings.reduce((total, of) => total + read(of), 0);
  const latency = latencies(rate);
  const slopes = margins({ backlog, larger }).filter((slope) => slope !== null);
  const main = latency.find(({ load }) => load === 0.5) ?? latency[0];
  return {
    ...{ what: peer.what, guarantee: peer.guarantee, versions: peer.versions() },
    msgsPerSecond: rounded(median(backlog.map((r) => r.msgsPerSecond))),
    cpuSecondsPerMillion: rounded(median(backlog.map((r) => r.cpuSecondsPerMillion))),
    servicesCpuSecondsPerMillion: services(backlog),
    marginCpuSecondsPerMillion: slopes.length > 0 ? rounded(median(slopes)) : null,
    peakRssMb: rounded(Math.max(...backlog.map((r) => r.peakRssMb))),
    p50Ms: main?.p50Ms ?? null,
    p99Ms: main?.p99Ms ?? null,
    spread: {
      msgsPerSecond: range(backlog.map((r) => r.msgsPerSecond)),
      cpuSecondsPerMillion: range(backlog.map((r) => r.cpuSecondsPerMillion)),
      peakRssMb: range(backlog.map((r) => r.peakRssMb)),
    },
    verified: {
      messages: sum((f) => f.messages),
      outOfOrder: sum((f) => f.outOfOrder),
      duplicates: sum((f) => f.duplicates),
      missing: sum((f) => f.missing),
      wrong: sum((f) => f.wrong),
    },
    complete: backlog.every((r) => r.complete),
    latency,
    rounds: backlog,
    largerRounds: larger,
    rateRounds: rate,
  };
}

/** The median of each service that all rounds saw. */
const services = (rounds: readonly BacklogResult[]): ServicesUsage =>
  Object.fromEntries(
    Object.keys(rounds[0]?.servicesCpuSecondsPerMillion ?? {}).flatMap((name) => {
      const each = rounds.flatMap(({ servicesCpuSecondsPerMillion: of }) => of[name] ?? []);
      return each.length === rounds.length ? [[name, rounded(median(each))] as const] : [];
    }),
  );

const never = 'events were still missing 5 s after the end: the peer cannot carry the rate';

function latencies(rounds: readonly RateResult[]): readonly LatencyReport[] {
  const rates = [...new Set(rounds.map(({ rate }) => rate))];
  return rates.map((rate) => {
    const all = rounds.filter((round) => round.rate === rate);
    const counted = all.filter((round) => round.void === null && round.late === 0);
    const sum = merged(counted.map((round) => round.histogram));
    const middle = (read: (of: RateResult) => number) => (counted.length > 0 ? rounded(median(counted.map(read)), 2) : null);
    // A histogram keeps three digits, the maximum all.
    const at = (percent: number) => middle((round) => Math.min(round.maxMs, percentile(merged([round.histogram]), percent)));
    return {
      ...{ rate, load: all[0]?.load ?? null, rounds: counted.length },
      void: all.filter((round) => !counted.includes(round)).map((round) => round.void ?? never),
      ...{ p50Ms: middle((r) => r.p50Ms), p90Ms: at(90), p99Ms: middle((r) => r.p99Ms), p999Ms: at(99.9), maxMs: middle((r) => r.maxMs) },
      spread: { p99Ms: counted.length > 0 ? range(counted.map((r) => r.p99Ms)) : null },
      generatorP99Ms: rounded(median(all.map((r) => r.generatorP99Ms)), 2),
      cpuSecondsPerMillion: middle((r) => r.cpuSecondsPerMillion),
      curve: counted.length > 0 ? curve(sum) : [],
      histogram: counted.length > 0 ? encoded(sum) : null,
    };
  });
}

/** Peers whose output was not what it must be. */
export const unsound = ({ peers }: Report): readonly string[] =>
  Object.entries(peers).flatMap(([name, { verified }]) => (isSound(verified) ? [] : [name]));
