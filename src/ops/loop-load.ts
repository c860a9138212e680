import { performance } from 'node:perf_hooks';

/** Milliseconds of a look at the least: shorter ones would tell of single turns. */
const windowMs = 100;

/** Milliseconds so far; injected so that a test can say. */
export interface LoopTimes {
  readonly idle: number;
  readonly active: number;
}

/** Part of the time in which the event loop was at work, from 0 to 1, over a tenth of a second or since it was last asked. */
export function loopLoad(read: () => LoopTimes = () => performance.eventLoopUtilization()): () => number {
  let before = read();
  let load = 0;
  return () => {
    const now = read();
    const [idle, active] = [now.idle - before.idle, now.active - before.active];
    if (idle + active < windowMs) return load;
    before = now;
    load = active / (idle + active);
    return load;
  };
}
