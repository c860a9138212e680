import Bottleneck from 'bottleneck';
import { type Gate, GateFull } from './gate.ts';

/**
 * The gate of a running worker, on bottleneck. Traps, each shut here:
 * - It queues without bound. `highWater` bounds only what it has looked at, and it looks at one call in two or three
 *   milliseconds: so what waits is counted here, and the newest call is refused.
 * - Every step of its store waits for a timer of 0 ms (340 calls a second; 4,800 without): `yieldLoop` is replaced.
 * - It reckons the start of the next call by the wall clock, also when calls have no distance: after a step of ten minutes
 *   back nothing ran for ten minutes. There is no next start here: `_nextRequest` stays in the past.
 * - A pass through it costs 180 µs: those that come during one share the next. Who is admitted takes the next place that
 *   is left, without it.
 * - Its clustering over Redis is broken on Redis 7: what workers share is the bucket of port Keyed.
 */
export function bottleneckGate(slots: number, queue: number): Gate {
  const limiter = new Bottleneck({ maxConcurrent: 1 });
  patient(limiter);
  let limit = slots;
  let waiting = 0;
  let running = 0;
  /** Came while bottleneck was looking at those before them: it looks at them all at once. */
  let coming: (() => void)[] = [];
  /** Looked at; in the order of asking. */
  const admitted: (() => void)[] = [];
  const isFree = () => waiting === 0 && running < limit;
  const fill = () => {
    while (running < limit) {
      const next = admitted.shift();
      if (!next) return;
      waiting--;
      running++;
      next();
    }
  };
  const inPlace = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } finally {
      running--;
      fill();
    }
  };
  const pass = async (): Promise<void> => {
    admitted.push(...coming);
    coming = [];
    fill();
  };
  return {
    run<T>(work: () => Promise<T>): Promise<T> {
      // Nobody waits and there is a place: a queue would only cost.
      if (isFree()) {
        running++;
        return inPlace(work);
      }
      if (waiting >= queue + Math.max(0, limit - running)) return Promise.reject(new GateFull());
      waiting++;
      return new Promise<T>((resolve, reject) => {
        coming.push(() => void inPlace(work).then(resolve, reject));
        // Should it ever refuse, nobody is left behind.
        if (coming.length === 1) void limiter.schedule(pass).catch(pass);
      });
    },
    resize(slots) {
      limit = slots;
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
