/** The part of src/clock that is needed here. */
export interface Timer {
  after(ms: number, fn: () => void): () => void;
  soon(fn: () => void): void;
}

export type Timed<T> = { readonly late: false; readonly value: T } | { readonly late: true };

/**
 * Runs work that must be done by a time. When it is not, the answer goes out without it, its signal is aborted, and what
 * becomes of it no longer matters. The answer goes first: giving up what is under way costs time of its own.
 */
export function withinBudget<T>(clock: Timer, ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<Timed<T>> {
  const controller = new AbortController();
  return new Promise((resolve, reject) => {
    const cancel = clock.after(Math.max(0, ms), () => {
      resolve({ late: true });
      clock.soon(() => controller.abort(new DOMException('the answer was due', 'TimeoutError')));
    });
    work(controller.signal).then(
      (value) => {
        cancel();
        resolve({ late: false, value });
      },
      (thrown: unknown) => {
        cancel();
        reject(thrown);
      },
    );
  });
}
