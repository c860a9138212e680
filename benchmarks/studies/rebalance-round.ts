import { setTimeout as sleep } from 'node:timers/promises';
import { Load } from '../load/load.ts';
import { isSound } from '../load/order-check.ts';
import { encoded, histogram, merged, percentile, record } from '../report/histogram.ts';
import { rounded } from '../report/statistics.ts';
import { monotonic } from '../runner/monotonic.ts';
import type { MeasuredPeer } from '../runner/peer-process.ts';
import type { Round, Stage } from '../runner/stage.ts';
import { decode } from '../work/event.ts';
import { Stalls } from './stalls.ts';

export interface RebalanceResult {
  /** Sum over the output's partitions of the seconds in which one got nothing although events for it came. */
  readonly stalledPartitionSeconds: number;
  /** Of that after the fourth worker joined, and after it left. */
  readonly joinStalledSeconds: number;
  readonly leaveStalledSeconds: number;
  /** Events that came out more than once. */
  readonly redelivered: number;
  readonly events: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly histogram: string;
  /** Processor seconds of all workers. */
  readonly cpuSeconds: number;
  readonly generatorP99Ms: number;
  readonly void: string | null;
  /** `[seconds, partitions that stand still]`. */
  readonly curve: readonly (readonly [number, number])[];
  /** Seconds at which the fourth was started and asked to stop. */
  readonly joinedAt: number;
  readonly leftAt: number;
  readonly broken: string | null;
}

interface Rebalance {
  readonly stage: Stage;
  readonly rate: number;
  /** Three workers, four, three again: a third of it each. */
  readonly seconds: number;
  readonly maxLatenessMs: number;
  readonly progress: (share: number) => void;
}

/** Three workers of one group under load; a fourth joins, and leaves as one that is asked to stop. */
export async function rebalanceRound(round: Round, { stage, rate, seconds, maxLatenessMs, progress }: Rebalance): Promise<RebalanceResult> {
  const { task, sink, another } = round;
  const workers: MeasuredPeer[] = [round.process, await another(), await another()];
  const stalls = new Stalls(task.partitions, Math.max(500, (20_000 * task.partitions) / rate));
  const latency = histogram();
  const consumer = stage.cluster.kafka.consumer({ groupId: `${task.name}.latency`, maxWaitTimeInMs: 100 });
  // Workers join, one after the other, while the first events come: what that costs is not what is asked.
  const settleMs = Math.min(15_000, seconds * 500);
  const total = Math.floor(rate * (seconds + settleMs / 1000));
  const load = new Load({
    ...{ brokers: task.brokers, topic: task.input, schemaId: stage.schemaId, patients: task.patients, rate, total, warmupMs: settleMs },
  });
  let counts = Number.POSITIVE_INFINITY;
  let received = 0;
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: Object.values(task.outputs), fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: task.partitions,
      eachBatch: async ({ batch: { partition, messages } }) => {
        const at = monotonic();
        stalls.came(partition, at);
        for (const { value } of messages) {
          if (!value) continue;
          received++;
          const intended = Number(decode(value).eventId);
          if (intended >= counts) record(latency, at - intended);
        }
      },
    });
    await Promise.all([...workers.map((worker) => worker.ready()), load.ready()]);
    const began = monotonic();
    counts = began + settleMs;
    const generated = load.run(began);
    // Whoever waits below hears of its failure.
    generated.catch(() => undefined);
    const watch = async (untilSeconds: number): Promise<void> => {
      while (monotonic() < counts + untilSeconds * 1000) {
        for (const worker of workers) worker.check();
        await sleep(100);
        const at = monotonic();
        if (at >= counts) stalls.look(at);
        progress((at - began) / (seconds * 1000 + settleMs));
      }
    };
    await watch(0);
    stalls.begin(counts);
    await watch(seconds / 3);
    const joinedAt = (monotonic() - counts) / 1000;
    const stalledBefore = stalls.seconds;
    workers.push(await another());
    await watch((seconds * 2) / 3);
    const workersAtMost = await stage.cluster.owners(task.peer === 'aorta' ? `aorta.${task.name}` : task.name);
    if (workersAtMost < 4)
      throw new Error(`${workersAtMost} of 4 workers owned partitions when one was to leave: give it a longer --duration`);
    const stalledJoined = stalls.seconds;
    const leftAt = (monotonic() - counts) / 1000;
    const fourth = workers.pop() as MeasuredPeer;
    const used = fourth.usage().cpuSeconds;
    // Not awaited before the watch goes on: its leave is what is looked at.
    const leaving = fourth.stop();
    await watch(seconds);
    const end = monotonic();
    stalls.end(end);
    const stalledSeconds = stalls.seconds;
    await leaving;
    const { lateness } = await generated;
    for (const until = monotonic() + 30_000; (await sink.size()) < total && monotonic() < until; await sleep(250))
      for (const worker of workers) worker.check();
    const cpuSeconds = workers.reduce((sum, worker) => sum + worker.usage().cpuSeconds, used);
    await Promise.all(workers.map((worker) => worker.stop()));
    const findings = await sink.verify(total);
    const generatorP99Ms = rounded(percentile(merged([lateness]), 99), 2);
    return {
      stalledPartitionSeconds: rounded(stalledSeconds, 2),
      joinStalledSeconds: rounded(stalledJoined - stalledBefore, 2),
      leaveStalledSeconds: rounded(stalledSeconds - stalledJoined, 2),
      ...{ redelivered: findings.duplicates, events: received },
      ...{ p50Ms: rounded(percentile(latency, 50), 2), p99Ms: rounded(percentile(latency, 99), 2) },
      ...{ maxMs: rounded(latency.totalCount > 0 ? latency.maxValue / 1000 : 0), histogram: encoded(latency) },
      ...{ cpuSeconds: rounded(cpuSeconds, 2), generatorP99Ms },
      void:
        generatorP99Ms > maxLatenessMs
          ? `the generator was ${generatorP99Ms.toFixed(1)} ms late (p99), more than ${maxLatenessMs} ms`
          : null,
      ...{ curve: stalls.curve(counts), joinedAt: rounded(joinedAt), leftAt: rounded(leftAt) },
      broken: isSound(findings) ? null : JSON.stringify(findings),
    };
  } finally {
    load.stop();
    await consumer.disconnect();
  }
}
