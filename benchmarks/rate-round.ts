import { setTimeout as sleep } from 'node:timers/promises';
import { build, type Histogram } from 'hdr-histogram-js';
import type { Cluster } from './cluster.ts';
import { decode, encode, eventOf, keyOf } from './event.ts';
import { PeerProcess } from './peer-process.ts';
import type { Task } from './task.ts';

export interface RateResult {
  /** Milliseconds from the intended time of sending to the record read from the output. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Events that did not come out within 5 s of the end. */
  readonly late: number;
  /** The generator's own lateness, 99th percentile: above a few ms the round says more about it than about the peer. */
  readonly generatorP99Ms: number;
}

const tickMs = 2;
const warmupMs = 1_500;
const now = (): number => performance.timeOrigin + performance.now();
const histogram = (): Histogram =>
  build({ lowestDiscernibleValue: 1, highestTrackableValue: 120_000_000, numberOfSignificantValueDigits: 3 });
const ms = (micros: number): number => micros / 1000;

/**
 * A peer at a fixed rate, open loop: the schedule is made in advance and never waits for anybody, and latency counts from
 * the intended time, so that a stall is seen in every event that it delays (no coordinated omission).
 */
export async function rateRound(cluster: Cluster, task: Task, rate: number, seconds: number, schemaId: number): Promise<RateResult> {
  const [latency, lateness] = [histogram(), histogram()];
  const consumer = cluster.kafka.consumer({ groupId: `${task.output}.latency`, maxWaitTimeInMs: 100 });
  let started = Number.POSITIVE_INFINITY;
  let received = 0;
  await consumer.connect();
  await consumer.subscribe({ topic: task.output, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    partitionsConsumedConcurrently: task.partitions,
    eachBatch: async ({ batch: { messages } }) => {
      const at = now();
      for (const { value } of messages) {
        if (!value) continue;
        received++;
        const intended = Number(decode(value).eventId);
        if (intended >= started + warmupMs) latency.recordValue(Math.max(1, Math.round((at - intended) * 1000)));
      }
    },
  });
  const producer = await cluster.producer();
  const peer = new PeerProcess(task);
  try {
    await peer.started();
    const total = Math.floor(((seconds * 1000 + warmupMs) / 1000) * rate);
    started = now() + 500;
    let sent = 0;
    let failed: unknown;
    while (sent < total) {
      const due = Math.min(total, Math.floor(((now() - started) / 1000) * rate));
      if (due > sent) {
        const messages = [];
        for (; sent < due; sent++) {
          const intended = started + (sent * 1000) / rate;
          lateness.recordValue(Math.max(1, Math.round((now() - intended) * 1000)));
          const patient = sent % task.patients;
          messages.push({ key: keyOf(patient), value: encode(eventOf(patient, Math.floor(sent / task.patients), intended), schemaId) });
        }
        // Not awaited: the schedule goes on whatever the broker does.
        producer.send({ topic: task.input, acks: -1, messages }).catch((cause) => {
          failed ??= cause;
        });
      }
      await sleep(tickMs);
      if (failed) throw failed;
      peer.check();
    }
    const deadline = performance.now() + 5_000;
    while (received < total && performance.now() < deadline) await sleep(20);
    return {
      p50Ms: ms(latency.getValueAtPercentile(50)),
      p99Ms: ms(latency.getValueAtPercentile(99)),
      maxMs: ms(latency.maxValue),
      late: Math.max(0, total - received),
      generatorP99Ms: ms(lateness.getValueAtPercentile(99)),
    };
  } finally {
    await peer.stop();
    await Promise.all([consumer.disconnect(), producer.disconnect()]);
  }
}
