/**
 * Loaded into the product (`--expose-gc --import`): on SIGUSR2 it collects garbage and writes what is left, and the CPU
 * time so far, to the file that AORTA_BENCH_USAGE names.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { constants, monitorEventLoopDelay, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';

const file = process.env['AORTA_BENCH_USAGE'] ?? '';
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
/** Not in the types. */
type Collection = PerformanceEntry & { readonly detail: { readonly kind: number; readonly flags: number } };
/** Collections that nobody here asked for, by kind. */
const collections = { minor: 0, major: 0, minorMs: 0, majorMs: 0 };
new PerformanceObserver((list) => {
  for (const { duration, detail } of list.getEntries() as Collection[]) {
    const { kind, flags } = detail;
    if (flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) continue;
    const minor = kind === constants.NODE_PERFORMANCE_GC_MINOR;
    collections[minor ? 'minor' : 'major']++;
    collections[minor ? 'minorMs' : 'majorMs'] += duration;
  }
}).observe({ entryTypes: ['gc'] });
let count = 0;
/** Microseconds that these collections took: ours, and no part of what is measured. */
let [all, own] = [0, 0];
const micros = ({ user, system }: NodeJS.CpuUsage): number => user + system;
process.on('SIGUSR2', () => {
  const loopMaxMs = delay.max / 1e6;
  const [before, beforeOwn] = [micros(process.cpuUsage()), micros(process.threadCpuUsage())];
  const collect = (globalThis as { gc?: () => void }).gc;
  collect?.();
  collect?.();
  all += micros(process.cpuUsage()) - before;
  own += micros(process.threadCpuUsage()) - beforeOwn;
  const { heapUsed, rss, external } = process.memoryUsage();
  writeFileSync(
    `${file}.new`,
    JSON.stringify({
      count: ++count,
      heapMb: (heapUsed + external) / 1048576,
      rssMb: rss / 1048576,
      cpuSeconds: (micros(process.cpuUsage()) - all) / 1e6,
      mainCpuSeconds: (micros(process.threadCpuUsage()) - own) / 1e6,
      mainSystemSeconds: process.threadCpuUsage().system / 1e6,
      loopMaxMs,
      collections,
    }),
  );
  renameSync(`${file}.new`, file);
  delay.reset();
});
