import { setTimeout as sleep } from 'node:timers/promises';
import type { Task } from '../contract/task.ts';
import { Load } from '../load/load.ts';
import { encoded, histogram, merged, percentile, record } from '../report/histogram.ts';
import { decode } from '../work/event.ts';
import type { Cluster } from './cluster.ts';
import { monotonic } from './monotonic.ts';
import type { MeasuredPeer } from './peer-process.ts';

export interface RateResult {
  readonly rate: number;
  /** The share of the measured maximum that the rate is; `null`: the rate was given. */
  readonly load: number | null;
  /** Events of the schedule, warm-up and all. */
  readonly events: number;
  /** Microseconds from the intended time of sending to the record read from the output: HdrHistogram, compressed, base64. */
  readonly histogram: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Events that did not come out within 5 s of the end. */
  readonly late: number;
  readonly cpuSecondsPerMillion: number;
  readonly peakRssMb: number;
  /** How late the generator handed events to its client. */
  readonly generatorP99Ms: number;
  /** From the intended time to the acknowledgement of the input: part of every peer's latency. */
  readonly acknowledgedP99Ms: number;
  /** Nice value of the generator's threads. */
  readonly generatorPriority: number;
  readonly generatorMaxMs: number;
  /** Why the round does not count. */
  readonly void: string | null;
  /** `[seconds since the start, events intended by then that are not out yet]`. */
  readonly lag: readonly (readonly [number, number])[];
}

interface Rate {
  readonly cluster: Cluster;
  readonly task: Task;
  readonly peer: MeasuredPeer;
  readonly schemaId: number;
  readonly rate: number;
  readonly load: number | null;
  readonly seconds: number;
  /** Milliseconds of the generator's p99 lateness above which the round is void. */
  readonly maxLatenessMs: number;
  expected(messages: number): number;
  readonly progress: (share: number) => void;
}

/** Joining the group and compiling are over by then. */
export const warmupMs = 5_000;
const latestMs = 5_000;

/**
 * A peer at a fixed rate, open loop: the schedule is made in advance and never waits for anybody, and latency counts from
 * the intended time, so that a stall is seen in every event that it delays (no coordinated omission). A generator that
 * fell behind its own schedule makes the round void: it would measure the machine, not the peer.
 */
export async function rateRound(round: Rate): Promise<RateResult> {
  const { cluster, task, peer, rate, seconds } = round;
  const latency = histogram();
  const topics = Object.values(task.outputs);
  const consumer = cluster.kafka.consumer({ groupId: `${task.name}.latency`, maxWaitTimeInMs: 100 });
  const total = Math.floor(((seconds * 1000 + warmupMs) / 1000) * rate);
  const load = new Load({ ...round, brokers: task.brokers, topic: task.input, patients: task.patients, total, warmupMs });
  let started = Number.POSITIVE_INFINITY;
  let received = 0;
  try {
    await consumer.connect();
    await consumer.subscribe({ topics, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: task.partitions * topics.length,
      eachBatch: async ({ batch: { messages } }) => {
        const at = monotonic();
        for (const { value } of messages) {
          if (!value) continue;
          received++;
          const intended = Number(decode(value).eventId);
          if (intended >= started + warmupMs) record(latency, at - intended);
        }
      },
    });
    await Promise.all([peer.ready(), load.ready()]);
    started = monotonic() + 500;
    const before = peer.usage();
    const generated = load.run(started);
    const lag: [number, number][] = [];
    const expected = round.expected(total);
    const share = expected / total;
    const look = (): void => {
      peer.check();
      const at = Math.max(0, monotonic() - started) / 1000;
      lag.push([Number(at.toFixed(3)), Math.max(0, Math.min(total, Math.floor(at * rate)) - Math.round(received / share))]);
      round.progress(received / expected);
    };
    const timer = setInterval(() => {
      try {
        look();
      } catch {
        load.stop();
      }
    }, 100);
    const { lateness, acknowledged, priority } = await generated.finally(() => clearInterval(timer));
    const deadline = performance.now() + latestMs;
    while (received < expected && performance.now() < deadline) {
      await sleep(20);
      peer.check();
    }
    look();
    const after = peer.usage();
    const own = merged([lateness]);
    const generatorP99Ms = percentile(own, 99);
    return {
      rate,
      load: round.load,
      events: total,
      histogram: encoded(latency),
      p50Ms: percentile(latency, 50),
      p99Ms: percentile(latency, 99),
      maxMs: latency.maxValue / 1000,
      late: Math.max(0, expected - received),
      cpuSecondsPerMillion: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / total,
      peakRssMb: after.peakRssMb,
      generatorP99Ms,
      acknowledgedP99Ms: percentile(merged([acknowledged]), 99),
      generatorPriority: priority,
      generatorMaxMs: own.maxValue / 1000,
      void:
        generatorP99Ms > round.maxLatenessMs
          ? `the generator was ${generatorP99Ms.toFixed(1)} ms late (p99), more than ${round.maxLatenessMs} ms`
          : null,
      lag,
    };
  } finally {
    load.stop();
    await consumer.disconnect();
  }
}
