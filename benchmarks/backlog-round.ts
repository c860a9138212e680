import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { PeerProcess } from './peer-process.ts';
import type { Task } from './task.ts';

export interface BacklogResult {
  readonly msgsPerSecond: number;
  readonly cpuSecondsPerMillion: number;
  readonly peakRssMb: number;
  /** The whole backlog came out. */
  readonly complete: boolean;
}

/**
 * A peer against a backlog. What counts happens between the first tenth of the output (so that joining the group and
 * compiling are over) and its end, or `seconds` after it began. A backlog so small that all of it came out between two
 * looks counts from the peer's start.
 */
export async function backlogRound(cluster: Cluster, task: Task, messages: number, seconds: number): Promise<BacklogResult> {
  const peer = new PeerProcess(task);
  const began = performance.now();
  const patience = (seconds + 30) * 1000;
  let done = 0;
  const reaches = async (target: number, until: number): Promise<void> => {
    while (done < target && performance.now() < until) {
      await sleep(25);
      peer.check();
      done = await cluster.size(task.output);
    }
  };
  try {
    await peer.started();
    const ready = [0, await peer.usage(), performance.now()] as const;
    await reaches(1, began + patience);
    const end = performance.now() + seconds * 1000;
    // A slow peer does not get to a tenth: then a fifth of the time is its warm-up.
    await reaches(messages / 10, performance.now() + seconds * 200);
    const [first, before, start] = done < messages ? ([done, await peer.usage(), performance.now()] as const) : ready;
    await reaches(messages, end);
    const [stop, after] = [performance.now(), await peer.usage()];
    const count = done - first;
    if (count === 0) throw new Error(`${task.peer} produced nothing in its round`);
    return {
      msgsPerSecond: (count * 1000) / (stop - start),
      cpuSecondsPerMillion: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / count,
      peakRssMb: after.peakRssMb,
      complete: done >= messages,
    };
  } finally {
    await peer.stop();
  }
}
