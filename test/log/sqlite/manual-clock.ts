import type { Clock } from '../../../src/clock/clock.ts';

/** Wall time stands still and timers wait until `advance`; `soon` is real, because the disk is. */
export interface ManualClock extends Clock {
  /** Moves time and calls what became due, in order. */
  advance(ms: number): void;
  /** Timers that wait. */
  readonly waiting: number;
}

export function manualClock(start = 1_700_000_000_000): ManualClock {
  let now = start;
  let timers: { readonly at: number; readonly fn: () => void }[] = [];
  return {
    now: () => now,
    monotonic: () => now - start,
    after(ms, fn) {
      const timer = { at: now + ms, fn };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    soon: (fn) => void setImmediate(fn),
    advance(ms) {
      const until = now + ms;
      for (;;) {
        const next = timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        timers = timers.filter((timer) => timer !== next);
        now = Math.max(now, next.at);
        next.fn();
      }
      now = until;
    },
    get waiting() {
      return timers.length;
    },
  };
}
