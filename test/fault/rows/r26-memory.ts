import { ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Row } from './row.ts';

/** Megabytes that the kernel counts for this process. */
const rssMb = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

export const r26: Row = {
  id: 'R26',
  promise: 'memory is bounded whatever a sink does',
  fault: 'a backlog of 200,000 entries of 4 KB; every handler takes 2 s (about 1 % of arrival) for 5 min, one worker',
  pass: 'RSS below 300 MB at any time; a clean stop',
  async run(kit) {
    const load = { random: kit.random, rate: Math.max(kit.rate, 4_000), patients: kit.patients, padding: 4_000, act: () => 'wait 2000' };
    const fleet = await kit.fleet({ workers: 1, load });
    const worker = fleet.workers[0];
    ok(worker);
    const begin = rssMb(worker.pid);
    fleet.load.start();
    const wanted = kit.times(200_000, 10_000);
    const samples: number[] = [];
    const until = performance.now() + Math.max(300 * kit.scale, 20) * 1000;
    let stopped = false;
    while (performance.now() < until || !stopped) {
      samples.push(rssMb(worker.pid));
      if (!stopped && fleet.load.sent.length >= wanted) {
        await fleet.load.stop();
        stopped = true;
      }
      await kit.seconds(0, 0.5);
    }
    const highest = Math.round(Math.max(...samples));
    const half = samples.slice(samples.length / 2);
    const mean = (of: readonly number[]) => of.reduce((sum, value) => sum + value, 0) / of.length;
    const slope = mean(half.slice(half.length / 2)) - mean(half.slice(0, half.length / 2));
    const stopMs = await fleet.end(0);
    ok(
      highest < 300,
      `RSS ${highest} MB (at start ${Math.round(begin)} MB, growth in the last quarter ${Math.round(slope)} MB, backlog ${fleet.load.sent.length})`,
    );
    return {
      backlog: fleet.load.sent.length,
      rssAtStartMb: Math.round(begin),
      highestRssMb: highest,
      growthInLastQuarterMb: Math.round(slope),
      stopMs,
      ...(await fleet.verify({ unfinished: true })),
    };
  },
};
