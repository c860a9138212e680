import { build } from 'hdr-histogram-js';
import type { Outcome } from './load.ts';
import type { Read } from './messages.ts';

export interface Quantiles {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export function quantiles(values: readonly number[]): Quantiles {
  const histogram = build({ lowestDiscernibleValue: 1, highestTrackableValue: 120_000_000, numberOfSignificantValueDigits: 3 });
  for (const value of values) histogram.recordValue(Math.max(1, Math.round(value * 1000)));
  const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1000;
  return { p50Ms: at(50), p95Ms: at(95), p99Ms: at(99), maxMs: values.length === 0 ? 0 : histogram.maxValue / 1000 };
}

/**
 * For each request the slowest of its reads, as the EHR measured it: the reads with the request's access token between its
 * beginning and its end. A token comes again only after the request before it with the same one has ended.
 */
export function slowestReads(
  outcomes: readonly Outcome[],
  tokenOf: (n: number) => string,
  reads: ReadonlyMap<string, readonly Read[]>,
): ReadonlyMap<number, { readonly ms: number; readonly count: number }> {
  return new Map(
    outcomes.map(({ n, sent, end }) => {
      const own = (reads.get(tokenOf(n)) ?? []).filter(([, from]) => from >= sent - 1 && from <= end);
      return [n, { count: own.length, ms: Math.max(0, ...own.map(([, from, to]) => to - from)) }];
    }),
  );
}

export const statuses = (outcomes: readonly Outcome[]): Readonly<Record<string, number>> =>
  Object.fromEntries([...Map.groupBy(outcomes, ({ status }) => String(status))].map(([status, all]) => [status, all.length]));
