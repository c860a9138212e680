import Bottleneck from 'bottleneck';
import { type Gate, GateFull } from './gate.ts';

/**
 * The gate of a running worker, on bottleneck. Traps, each shut here:
 * - It queues without bound. `highWater` bounds only what it has looked at, and it looks at one call in two or three
 *   milliseconds: so what waits is counted here too, and the newest call is refused.
 * - Every step of its store waits for a timer of 0 ms (340 calls a second; 4,800 without): `yieldLoop` is replaced.
 * - It reckons the start of the next call by the wall clock, also when calls have no distance: after a step of ten minutes
 *   back nothing ran for ten minutes. There is no next start here: `_nextRequest` stays in the past.
 * - Its clustering over Redis is broken on Redis 7: what workers share is the bucket of port Keyed.
 */
export function bottleneckGate(slots: number, queue: number): Gate {
  const limiter = new Bottleneck({
    maxConcurrent: slots,
    highWater: queue,
    strategy: Bottleneck.strategy.OVERFLOW,
    rejectOnDrop: true,
  });
  patient(limiter);
  let limit = slots;
  let waiting = 0;
  let running = 0;
  /** Admitted by bottleneck, which does not know of those that went past it. In its order. */
  const admitted: (() => void)[] = [];
  const isFree = () => waiting === 0 && running < limit;
  const start = () => {
    waiting--;
    running++;
  };
  const fill = () => {
    while (running < limit && admitted.length > 0) {
      start();
      admitted.shift()?.();
    }
  };
  const place = (): Promise<void> | undefined => {
    if (running < limit && admitted.length === 0) return void start();
    return new Promise((resolve) => void admitted.push(resolve));
  };
  const inPlace = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } finally {
      running--;
      fill();
    }
  };
  return {
    async run(work) {
      // Nobody waits and there is a place: a queue would only cost, and bottleneck's costs a tenth of a small call.
      if (isFree()) {
        running++;
        return inPlace(work);
      }
      if (waiting >= queue + Math.max(0, limit - running)) throw new GateFull();
      let started = false;
      waiting++;
      try {
        return await limiter.schedule(async () => {
          started = true;
          await place();
          return inPlace(work);
        });
      } catch (thrown) {
        throw started ? thrown : new GateFull();
      } finally {
        if (!started) waiting--;
      }
    },
    resize(slots) {
      limit = slots;
      void limiter.updateSettings({ maxConcurrent: slots });
      fill();
    },
    get free() {
      return isFree();
    },
    get queued() {
      return waiting;
    },
    get running() {
      return running;
    },
  };
}

/** Internals of bottleneck 2.19.5; a test says so when they are gone. */
interface Internals {
  readonly _store: { yieldLoop: (ms?: number) => Promise<unknown>; _nextRequest: number };
}

const storeOf = (limiter: Bottleneck) => (limiter as unknown as Internals)._store;
export const hasYieldLoop = (limiter: Bottleneck): boolean => typeof storeOf(limiter)?.yieldLoop === 'function';
export const hasNextRequest = (limiter: Bottleneck): boolean => typeof storeOf(limiter)?._nextRequest === 'number';

function patient(limiter: Bottleneck): void {
  if (hasYieldLoop(limiter)) storeOf(limiter).yieldLoop = () => Promise.resolve();
  if (hasNextRequest(limiter)) Object.defineProperty(storeOf(limiter), '_nextRequest', { get: () => 0, set: () => {} });
}
