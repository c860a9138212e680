import { randomFillSync } from 'node:crypto';
import type { Clock, Random } from './clock.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, Math.max(0, Math.min(ms, 2 ** 31 - 1)));
    return () => clearTimeout(timer);
  },
  soon: (fn) => void setImmediate(fn),
};

/** Random bytes that nobody has got yet: a call of the generator costs as much for 34 bytes as for 4,096. */
let stock = new Uint8Array(0);
const stockSize = 4096;

export const systemRandom: Random = {
  next: () => Math.random(),
  bytes(length) {
    if (length > stockSize) return randomFillSync(new Uint8Array(length));
    if (length > stock.length) stock = randomFillSync(new Uint8Array(stockSize));
    const taken = stock.subarray(0, length);
    stock = stock.subarray(length);
    return taken;
  },
};

/** Resolves after `ms`, or rejects with the signal's reason. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
