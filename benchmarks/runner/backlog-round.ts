import { setTimeout as sleep } from 'node:timers/promises';
import type { Sink } from '../load/sink.ts';
import type { MeasuredPeer } from './peer-process.ts';
import { type ServicesUsage, servicesPerMillion, servicesUsage } from './services-usage.ts';

export interface BacklogResult {
  readonly msgsPerSecond: number;
  readonly cpuSecondsPerMillion: number;
  /** What the services used for it, in the same time: the broker, PostgreSQL. Without those that are not on this machine. */
  readonly servicesCpuSecondsPerMillion: ServicesUsage;
  readonly peakRssMb: number;
  /** The peak by the time the peer was ready: what it takes before there is work. */
  readonly readyRssMb: number;
  /** The whole backlog came out. */
  readonly complete: boolean;
  /** From the start of the process to the end of the count: start-up, compilation and all. */
  readonly totalCpuSeconds: number;
  /** Input events by the end of the count. */
  readonly events: number;
  /** `[seconds since the peer was ready, input events that are not out yet]`: the lag curve. */
  readonly lag: readonly (readonly [number, number])[];
  /** What the peer said of itself. */
  readonly figures: Readonly<Record<string, number>>;
}

interface Backlog {
  readonly peer: MeasuredPeer;
  readonly sink: Sink;
  /** Input events, and how many of them come out. */
  readonly messages: number;
  readonly expected: number;
  readonly seconds: number;
  /** Milliseconds until the peer must be ready. @default 90_000 */
  readonly readyMs?: number;
  /** Writes the input once the peer is ready, where it is no backlog. */
  readonly begin?: (() => Promise<void>) | undefined;
  readonly progress: (share: number) => void;
}

/**
 * A peer against a backlog. What counts happens between the first tenth of the output (so that joining the group and
 * compiling are over) and its end, or `seconds` after it began. A backlog so small that all of it came out between two
 * looks counts from the peer's start. Events are those of the input, also where some are dropped on the way.
 */
export async function backlogRound({ peer, sink, messages, expected, seconds, readyMs, begin, progress }: Backlog): Promise<BacklogResult> {
  const patience = (seconds + 30) * 1000;
  const inputOf = (output: number): number => Math.round((output * messages) / expected);
  const lag: [number, number][] = [];
  let done = 0;
  let zero = 0;
  /** What the newest look took: of hundreds of partitions it is dear for the broker. */
  let lookMs = 0;
  const look = async (): Promise<void> => {
    peer.check();
    const asked = performance.now();
    done = await sink.size();
    lookMs = performance.now() - asked;
    const at = (performance.now() - zero) / 1000;
    if (at - (lag.at(-1)?.[0] ?? -1) >= 0.1 || done >= expected) lag.push([Number(at.toFixed(3)), messages - inputOf(done)]);
    progress(done / expected);
  };
  const reaches = async (target: number, until: number): Promise<void> => {
    let [before, since] = [done, performance.now()];
    while (done < target && performance.now() < until) {
      // Looks cost the broker or the database something: seldom while far away, often near the end.
      const pace = (done - before) / Math.max(1, performance.now() - since);
      [before, since] = [done, performance.now()];
      await sleep(pace > 0 ? Math.max(10 * lookMs, Math.min(200, Math.max(20, (target - done) / pace / 2))) : 25);
      await look();
    }
  };
  await peer.ready(readyMs);
  zero = performance.now();
  const ready = [0, peer.usage(), zero, servicesUsage()] as const;
  const writing = begin?.();
  // Awaited below; a peer that fails first must not leave a rejection without a handler.
  writing?.catch(() => undefined);
  await reaches(1, zero + patience);
  const end = performance.now() + seconds * 1000;
  // A slow peer does not get to a tenth: then a fifth of the time is its warm-up.
  await reaches(expected / 10, performance.now() + seconds * 200);
  const [first, before, start, served] = done < expected ? ([done, peer.usage(), performance.now(), servicesUsage()] as const) : ready;
  await reaches(expected, end);
  await writing;
  const [stop, after, servedAfter] = [performance.now(), peer.usage(), servicesUsage()];
  const count = inputOf(done) - inputOf(first);
  if (count === 0) throw new Error('it produced nothing in its round');
  return {
    msgsPerSecond: (count * 1000) / (stop - start),
    cpuSecondsPerMillion: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / count,
    servicesCpuSecondsPerMillion: servicesPerMillion(served, servedAfter, count),
    peakRssMb: after.peakRssMb,
    readyRssMb: ready[1].peakRssMb,
    complete: done >= expected,
    totalCpuSeconds: after.cpuSeconds,
    events: inputOf(done),
    lag,
    figures: peer.figures,
  };
}
