import type { Clock } from '../clock/clock.ts';
import type { AortaError } from '../errors/index.ts';

/**
 * Runs work with a signal of its own: aborted at the deadline (then `late` is thrown, at once, whatever the work does),
 * and when the outer signal is. No other call ever sees it.
 */
export function withDeadline<T>(
  clock: Clock,
  deadlineMs: number,
  outer: AbortSignal,
  late: () => AortaError,
  work: (signal: AbortSignal) => PromiseLike<T>,
): Promise<T> {
  if (outer.aborted) return Promise.reject(outer.reason);
  const own = new AbortController();
  return new Promise<T>((resolve, reject) => {
    const end = (reason: unknown) => {
      settle();
      own.abort(reason);
      reject(reason);
    };
    const onAbort = () => end(outer.reason);
    const cancel = clock.after(deadlineMs, () => end(late()));
    const settle = () => {
      cancel();
      outer.removeEventListener('abort', onAbort);
    };
    outer.addEventListener('abort', onAbort, { once: true });
    const failed = (thrown: unknown) => {
      settle();
      reject(thrown);
    };
    try {
      work(own.signal).then((value) => {
        settle();
        resolve(value);
      }, failed);
    } catch (thrown) {
      failed(thrown);
    }
  });
}
