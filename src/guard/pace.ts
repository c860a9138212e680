import type { Clock } from '../clock/clock.ts';
import { sleep } from '../clock/system.ts';
import { SharedBucket, type SharedBucketOptions } from '../keyed/shared-bucket.ts';
import type { LimiterSettings } from './target.ts';

/** No place within the limiter's `waitMs`. */
export class NoPlace extends Error {
  readonly waitMs: number;
  constructor(waitMs: number) {
    super('no place');
    this.waitMs = waitMs;
  }
}

/** A place that is used later than this has been missed: with what waited meanwhile it would come at once. */
const missedMs = 100;
/** Places that a call may miss before it goes all the same: a worker that always stalls must not stand still. */
const misses = 3;

export interface PaceOptions extends Omit<SharedBucketOptions, 'name' | 'pace'> {
  readonly target: string;
  readonly settings: LimiterSettings;
}

/**
 * The quota of a target. A call books its place in the bucket that all workers share, and waits for it: places come one
 * interval apart over all workers, nobody polls, nobody overtakes.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #settings: LimiterSettings;
  readonly #bucket: SharedBucket;

  constructor({ target, settings, ...options }: PaceOptions) {
    this.#clock = options.clock;
    this.#settings = settings;
    const pace = { intervalMs: settings.perMs / settings.requests, burst: settings.burst };
    this.#bucket = new SharedBucket({ ...options, name: target, pace });
  }

  get localShare(): boolean {
    return this.#bucket.local;
  }

  /** Waits for a place; `NoPlace` if none is near enough. A place that this process slept through is booked anew. */
  async place(signal: AbortSignal): Promise<void> {
    const clock = this.#clock;
    const longest = this.#settings.waitMs;
    const began = clock.monotonic();
    for (let missed = 0; ; ) {
      signal.throwIfAborted();
      const asked = clock.monotonic();
      const { granted, waitMs } = await this.#bucket.reserve(Math.max(0, longest - (missed > 0 ? asked - began : 0)));
      if (!granted) throw new NoPlace(waitMs);
      if (waitMs > 0) await sleep(clock, waitMs, signal);
      // The target asked for a pause meanwhile: the place is lost, as it lies within.
      const { pausedMs } = this.#bucket;
      if (pausedMs > longest) throw new NoPlace(pausedMs);
      if (pausedMs > 0) continue;
      if (clock.monotonic() - asked - waitMs <= missedMs || missed++ >= misses) return;
    }
  }

  /** The target asked to be left alone: nobody gets a place before, and no burst after it. */
  pause(ms: number): Promise<void> {
    return this.#bucket.pause(ms);
  }
}
