import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';

/** Microseconds up to two minutes, three digits. */
export const histogram = (): Histogram =>
  build({ lowestDiscernibleValue: 1, highestTrackableValue: 120_000_000, numberOfSignificantValueDigits: 3 });

export const record = (into: Histogram, ms: number): void => into.recordValue(Math.min(119_000_000, Math.max(1, Math.round(ms * 1000))));

/** HdrHistogram's own compressed form: any of its tools reads it. */
export const encoded = (of: Histogram): string => encodeIntoCompressedBase64(of);

/** Several rounds as one. */
export function merged(all: readonly string[]): Histogram {
  const sum = histogram();
  for (const one of all) sum.add(decodeFromCompressedBase64(one));
  return sum;
}

/** Milliseconds; never above the greatest, as the end of its bucket would be. */
export const percentile = (of: Histogram, percent: number): number => Math.min(of.getValueAtPercentile(percent), of.maxValue) / 1000;

/** What the plots show: from the median of everything to one in a hundred thousand. */
const shown = [0, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999];

/** `[percentile, ms]`, no further than the number of events carries. */
export const curve = (of: Histogram): (readonly [number, number])[] =>
  shown.filter((percent) => percent === 0 || of.totalCount * (1 - percent / 100) >= 1).map((percent) => [percent, percentile(of, percent)]);
