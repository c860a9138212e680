import { median, range, rounded } from '../report/statistics.ts';
import type { RoundResult } from './round.ts';

/** Rounds of each contestant at one number of unanswered messages. */
export type Rounds = ReadonlyMap<string, readonly RoundResult[]>;

const of = (rounds: readonly RoundResult[], read: (round: RoundResult) => number): number => rounded(median(rounds.map(read)));

function contestant(rounds: readonly RoundResult[]) {
  const names = Object.keys(rounds[0]?.figures ?? {});
  const sum = (read: (found: NonNullable<RoundResult['findings']>) => number) =>
    rounds.reduce((total, { findings }) => total + (findings ? read(findings) : 0), 0);
  return {
    acknowledgedPerSecond: of(rounds, (round) => round.acknowledgedPerSecond),
    spread: range(rounds.map((round) => round.acknowledgedPerSecond)),
    p50Ms: of(rounds, (round) => round.p50Ms),
    p99Ms: of(rounds, (round) => round.p99Ms),
    maxMs: Math.max(...rounds.map((round) => rounded(round.maxMs))),
    cpuSecondsPerMillion: of(rounds, (round) => round.cpuSecondsPerMillion),
    peakRssMb: rounded(Math.max(...rounds.map((round) => round.peakRssMb))),
    refused: rounds.reduce((total, { refused }) => total + refused, 0),
    readBack: {
      messages: sum((found) => found.messages),
      missing: sum((found) => found.missing),
      outOfOrder: sum((found) => found.outOfOrder),
      duplicates: sum((found) => found.duplicates),
    },
    figures: Object.fromEntries(names.map((name) => [name, of(rounds, (round) => round.figures[name] ?? 0)])),
  };
}

export function mllpReport(inFlight: number, connections: number, all: Rounds, missing: Readonly<Record<string, string>>) {
  const mine = all.get('aorta') ?? [];
  const ratios = Object.fromEntries(
    [...all]
      .filter(([name]) => !name.startsWith('aorta') && mine.length > 0)
      // Of the same round: both met the same noise.
      .map(([name, theirs]) => {
        const each = theirs.map((round, n) => (mine[n]?.acknowledgedPerSecond ?? Number.NaN) / round.acknowledgedPerSecond);
        return [name, rounded(median(each.filter((ratio) => !Number.isNaN(ratio))), 3)];
      }),
  );
  const contestants = Object.fromEntries([...all].map(([name, rounds]) => [name, contestant(rounds)]));
  return { workload: 'mllp', connections, inFlight, contestants, ratios, missing };
}

export type MllpReport = ReturnType<typeof mllpReport>;

export function mllpTable({ connections, inFlight, contestants, ratios, missing }: MllpReport): string {
  const head = ['listener', 'acknowledged/s', '(min–max)', 'p50 ms', 'p99 ms', 'CPU s/million', 'peak RSS MB', 'Aorta ÷ peer', 'read back'];
  const whole = (value: number) => Math.round(value).toLocaleString('en');
  const rows = Object.entries(contestants).map(([name, each]) => [
    name,
    whole(each.acknowledgedPerSecond),
    each.spread.map(whole).join('–'),
    each.p50Ms.toFixed(1),
    each.p99Ms.toFixed(1),
    whole(each.cpuSecondsPerMillion),
    whole(each.peakRssMb),
    ratios[name]?.toFixed(2) ?? '',
    told(each.readBack),
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const lines = [head, ...rows].map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
  );
  const more = Object.entries(contestants).flatMap(([name, { figures }]) =>
    Object.entries(figures).map(([figure, value]) => `${name} ${figure}: ${whole(value)}`),
  );
  const absent = Object.entries(missing).map(([name, reason]) => `${name} is missing: ${reason}`);
  return [`mllp: ${connections} connections, ${inFlight} unanswered on each`, ...lines, ...more, ...absent].join('\n');
}

function told({ messages, missing, outOfOrder, duplicates }: ReturnType<typeof contestant>['readBack']): string {
  if (messages === 0) return '-';
  if (missing + outOfOrder + duplicates === 0) return `sound: ${messages.toLocaleString('en')}`;
  return `${missing} missing, ${outOfOrder} out of order, ${duplicates} twice`;
}
