import { ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Kafka, logLevel } from 'kafkajs';
import { services } from '../../support/services.ts';
import { entryTopic } from '../list/entry.ts';
import type { Kit, Row } from './row.ts';

/** Megabytes that the kernel counts for this process. */
const rssMb = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
const boundMb = 300;

export const r26: Row = {
  id: 'R26',
  promise: 'memory is bounded whatever a sink does',
  fault: 'every handler takes 2 s; a backlog of 1,000,000 entries of 1 KB, then one of 100,000 entries of 4 KB; one worker',
  pass: `RSS below ${boundMb} MB at any time; a clean stop`,
  async run(kit) {
    const small = await stuck(kit, kit.times(1_000_000, 20_000), 900);
    const large = await stuck(kit, kit.times(100_000, 8_000), 4_000);
    return {
      backlog: small.backlog,
      rssAtStartMb: small.atStart,
      highestRssMb: small.highest,
      highestRssWith4KbMb: large.highest,
      growthInLastQuarterMb: Math.max(small.slope, large.slope),
      stopMs: Math.max(small.stopMs, large.stopMs),
      ...small.verdict,
    };
  },
};

/** One worker on such a backlog: from an empty log until 20 s after it is complete. */
async function stuck(kit: Kit, count: number, padding: number) {
  const fleet = await kit.fleet({
    workers: 1,
    load: { random: kit.random, rate: kit.rate, patients: kit.patients, padding, act: () => 'wait 2000' },
  });
  const { pid } = fleet.workers[0] as { pid: number };
  const atStart = Math.round(rssMb(pid));
  const samples: number[] = [];
  const watching = setInterval(() => samples.push(rssMb(pid)), 250);
  try {
    await fleet.load.backlog(count);
    kit.note(`${count} entries are in the log`);
    await kit.seconds(20, 5);
  } finally {
    clearInterval(watching);
  }
  const highest = Math.round(Math.max(...samples));
  const half = samples.slice(samples.length / 2);
  const mean = (of: readonly number[]) => of.reduce((sum, value) => sum + value, 0) / of.length;
  const slope = Math.round(mean(half.slice(half.length / 2)) - mean(half.slice(0, half.length / 2)));
  ok(highest < boundMb, `RSS ${highest} MB (at start ${atStart} MB, growth in the last quarter ${slope} MB, backlog ${count})`);
  const stopMs = await fleet.end(0);
  const verdict = await fleet.verify({ unfinished: true });
  // A gigabyte that nobody reads again.
  const admin = new Kafka({ brokers: [...services().kafkaBrokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [entryTopic(fleet.run).name] }).finally(() => admin.disconnect());
  return { backlog: count, atStart, highest, slope, stopMs, verdict };
}
