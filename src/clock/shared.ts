import type { Clock } from './clock.ts';

export interface SharedClockOptions {
  /** This machine's. */
  readonly own: Clock;
  /** The wall clock that all workers share: milliseconds since 1970. */
  readonly ask: () => Promise<number>;
  /** Milliseconds by which this machine's wall clock is ahead (negative: behind), after each answer. */
  readonly told?: (aheadMs: number) => void;
  /** Milliseconds between two questions. @default 30_000 */
  readonly everyMs?: number;
}

export interface SharedClock extends Clock {
  /** Asks now; nothing changes when there is no answer. */
  agree(): Promise<void>;
  close(): void;
}

/** An answer that took longer than this says too little about the moment when it was given. */
const longestMs = 1_000;

/**
 * A wall clock that workers have in common: theirs is the store's, and between two answers it goes by the monotonic clock.
 * Due times of retries and timers are kept in the store and read by whoever owns the patient then; by each machine's own
 * clock they would be early or late by what it is wrong, and by every step of it. While the store does not answer the
 * clock goes on as it was.
 */
export function createSharedClock({ own, ask, told = () => {}, everyMs = 30_000 }: SharedClockOptions): SharedClock {
  let offset = own.now() - own.monotonic();
  let closed = false;
  let cancel: () => void = () => {};
  const agree = async () => {
    const sent = own.monotonic();
    const theirs = await ask().catch(() => undefined);
    const tookMs = own.monotonic() - sent;
    if (theirs === undefined || tookMs > longestMs) return;
    const wanted = theirs + tookMs / 2 - own.monotonic();
    // Within what the way may have cost it is right already.
    if (Math.abs(wanted - offset) > tookMs / 2 + 5) offset = wanted;
    told(own.now() - own.monotonic() - offset);
  };
  const later = () => {
    cancel = own.after(everyMs, () => {
      void agree().finally(() => {
        if (!closed) later();
      });
    });
  };
  later();
  return {
    now: () => Math.floor(offset + own.monotonic()),
    monotonic: () => own.monotonic(),
    after: (ms, fn) => own.after(ms, fn),
    soon: (fn) => own.soon(fn),
    agree,
    close() {
      closed = true;
      cancel();
    },
  };
}
