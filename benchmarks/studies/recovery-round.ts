import { setTimeout as sleep } from 'node:timers/promises';
import { Load } from '../load/load.ts';
import { isSound } from '../load/order-check.ts';
import { encoded, histogram, merged, percentile, record } from '../report/histogram.ts';
import { rounded } from '../report/statistics.ts';
import { monotonic } from '../runner/monotonic.ts';
import type { Round, Stage } from '../runner/stage.ts';
import { decode } from '../work/event.ts';
import { evaluated, type Firing, type Rule } from './alert.ts';

export interface RecoveryResult {
  /** Seconds from the peer's readiness until nothing but what is on its way was behind; `null`: not within the round. */
  readonly caughtUpSeconds: number | null;
  readonly cpuSecondsPerMillion: number;
  readonly peakRssMb: number;
  /** Milliseconds of live events from the intended time of sending: of those before the peer caught up, and afterwards. */
  readonly during: Latency;
  readonly after: Latency;
  readonly generatorP99Ms: number;
  /** Why live latency does not count. */
  readonly void: string | null;
  /** `[seconds since the peer was ready, events behind]`. */
  readonly lag: readonly (readonly [number, number])[];
  /** The peer's own metric, where it has one, as a scrape each second would see it. */
  readonly metric: readonly (readonly [number, number])[];
  readonly alert: Firing | null;
  readonly broken: string | null;
}

export interface Latency {
  readonly events: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** HdrHistogram in microseconds, compressed, base64. */
  readonly histogram: string;
}

interface Recovery {
  readonly stage: Stage;
  /** Events that were written before. */
  readonly backlog: number;
  readonly rate: number;
  /** Seconds of live traffic. */
  readonly seconds: number;
  readonly maxLatenessMs: number;
  readonly rule: Rule;
  readonly progress: (share: number) => void;
}

/**
 * A peer that starts before a backlog while new events go on coming at a fixed rate, open loop. It has caught up when it is
 * less than a second of live traffic behind. Numbers of a patient go on from the backlog into the live events: order counts
 * over both.
 */
export async function recoveryRound({ process, task, sink }: Round, plan: Recovery): Promise<RecoveryResult> {
  const { stage, backlog, rate, seconds, rule } = plan;
  const live = Math.floor(rate * seconds);
  const [during, after] = [histogram(), histogram()];
  const consumer = stage.cluster.kafka.consumer({ groupId: `${task.name}.latency`, maxWaitTimeInMs: 100 });
  const load = new Load({
    ...{ brokers: task.brokers, topic: task.input, schemaId: stage.schemaId, patients: task.patients },
    ...{ rate, total: live, warmupMs: 0, written: backlog },
  });
  let started = Number.POSITIVE_INFINITY;
  let caughtUp: number | null = null;
  let received = 0;
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: Object.values(task.outputs), fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: task.partitions,
      eachBatch: async ({ batch: { messages } }) => {
        const at = monotonic();
        for (const { value } of messages) {
          if (!value) continue;
          received++;
          const event = decode(value);
          // Events of the backlog carry the time of day there, which is far from this clock.
          if (Number(event.controlId) * task.patients + patientOf(event.patientId) < backlog) continue;
          const intended = Number(event.eventId);
          record(isAfter(intended, started, caughtUp) ? after : during, at - intended);
        }
      },
    });
    await Promise.all([process.ready(), load.ready()]);
    const before = process.usage();
    started = monotonic();
    const generated = load.run(started);
    const lag: [number, number][] = [];
    const metric: [number, number][] = [];
    const look = (): void => {
      process.check();
      const at = (monotonic() - started) / 1000;
      const behind = backlog + Math.min(live, Math.floor(at * rate)) - received;
      lag.push([rounded(at, 2), Math.max(0, behind)]);
      const told = process.figures[rule.metric];
      if (told !== undefined && at - (metric.at(-1)?.[0] ?? -1) >= 0.9) metric.push([rounded(at, 2), told]);
      if (behind <= rate && received > 0) caughtUp ??= at;
      plan.progress(received / (backlog + live));
    };
    let problem: unknown;
    const timer = setInterval(() => {
      try {
        look();
      } catch (cause) {
        problem ??= cause;
        load.stop();
      }
    }, 250);
    const { lateness } = await generated
      .catch((cause: unknown) => {
        throw problem ?? cause;
      })
      .finally(() => clearInterval(timer));
    // As long again for what is behind, and some seconds more for the metric to tell that nothing is.
    const end = performance.now() + seconds * 1000 + 10_000;
    const isOver = () => received >= backlog + live && (metric.length === 0 || (metric.at(-1)?.[1] ?? 0) <= rule.bound);
    while (!isOver() && performance.now() < end) {
      await sleep(250);
      look();
    }
    const usage = process.usage();
    const complete = received >= backlog + live;
    await process.stop();
    const findings = await sink.verify(complete ? backlog + live : 0);
    const generatorP99Ms = rounded(percentile(merged([lateness]), 99), 2);
    return {
      caughtUpSeconds: caughtUp === null ? null : rounded(caughtUp, 2),
      cpuSecondsPerMillion: rounded(((usage.cpuSeconds - before.cpuSeconds) * 1e6) / Math.max(1, received)),
      peakRssMb: rounded(usage.peakRssMb),
      ...{ during: latencyOf(during), after: latencyOf(after), generatorP99Ms, lag, metric },
      void:
        generatorP99Ms > plan.maxLatenessMs
          ? `the generator was ${generatorP99Ms.toFixed(1)} ms late (p99), more than ${plan.maxLatenessMs} ms`
          : null,
      alert: metric.length === 0 ? null : evaluated(rule, metric),
      broken: isSound(findings) ? null : JSON.stringify(findings),
    };
  } finally {
    load.stop();
    await consumer.disconnect();
  }
}

/**
 * Whether an event counts as one of after the recovery: by when it was to be sent. Up to a second of traffic is still behind
 * at the moment of catching up; those events waited for the backlog, whenever they come out.
 */
export const isAfter = (intended: number, started: number, caughtUpSeconds: number | null): boolean =>
  caughtUpSeconds !== null && intended >= started + caughtUpSeconds * 1000;

const patientOf = (key: string): number => Number(key.slice(-19));

const latencyOf = (of: ReturnType<typeof histogram>): Latency => ({
  events: of.totalCount,
  ...{
    p50Ms: rounded(percentile(of, 50), 2),
    p99Ms: rounded(percentile(of, 99), 2),
    maxMs: rounded(of.totalCount > 0 ? of.maxValue / 1000 : 0, 1),
  },
  histogram: encoded(of),
});
