import type { Clock } from '../clock/clock.ts';
import { sleep } from '../clock/system.ts';
import type { Pace as BucketPace, Keyed, Reservation } from '../keyed/port.ts';
import { shareOf } from '../keyed/share.ts';
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
/**
 * Workers notice at different times that Redis is back (a connection is tried every 2 s, a command once a second): a
 * bucket that went on with the first of them would give the whole quota while the others still use their shares.
 */
const settleMs = 4_000;
/** Places that a call may miss before it goes all the same: a worker that always stalls must not stand still. */
const misses = 3;

export interface PaceOptions {
  readonly target: string;
  readonly settings: LimiterSettings;
  readonly clock: Clock;
  /** What all workers share. */
  readonly shared: Keyed;
  /** This worker's own, for its share while the other is away. */
  readonly own: Keyed;
  readonly worker: string;
  /** Workers to reckon with while nobody has told their number yet. */
  readonly assumedWorkers: number;
}

/**
 * The quota of a target. A call books its place in the shared bucket, and waits for it: places come one interval apart
 * over all workers, nobody polls, nobody overtakes. While Redis is away the worker books in a bucket of its own with its
 * share of the quota (by the number of workers known last), behind what was booked before; never without one. When Redis
 * is back all keep to their shares until each of them has noticed; the shared bucket goes on behind the last place of all.
 */
export class Pace {
  readonly #options: PaceOptions;
  readonly #intervalMs: number;
  #workers: number;
  /** Monotonic milliseconds up to which places are booked, as far as this worker knows. */
  #booked = 0;
  /** How far ahead the shared bucket was booked when it last answered. */
  #aheadMs = 0;
  #pausedUntil = 0;
  localShare = false;
  /** Redis answers, and not all workers have noticed. */
  #returning = false;

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#intervalMs = options.settings.perMs / options.settings.requests;
    this.#workers = options.shared.kind === 'memory' ? 1 : options.assumedWorkers;
  }

  /** Waits for a place; `NoPlace` if none is near enough. A place that this process slept through is booked anew. */
  async place(signal: AbortSignal): Promise<void> {
    const { clock, settings } = this.#options;
    const began = clock.monotonic();
    for (let missed = 0; ; ) {
      signal.throwIfAborted();
      const asked = clock.monotonic();
      const { granted, waitMs } = await this.#reserve(Math.max(0, settings.waitMs - (missed > 0 ? asked - began : 0)));
      if (!granted) throw new NoPlace(waitMs);
      this.#booked = Math.max(this.#booked, asked + waitMs + this.#intervalMs);
      if (waitMs > 0) await sleep(clock, waitMs, signal);
      const now = clock.monotonic();
      // The target asked for a pause meanwhile: the place is lost, as it lies within.
      const paused = this.#pausedUntil - now;
      if (paused > settings.waitMs) throw new NoPlace(paused);
      if (paused > 0) continue;
      if (now - asked - waitMs <= missedMs || missed++ >= misses) return;
    }
  }

  /** The target asked to be left alone: nobody gets a place before, and no burst after it. */
  async pause(ms: number): Promise<void> {
    const { clock, shared, own, target, settings } = this.#options;
    this.#pausedUntil = Math.max(this.#pausedUntil, clock.monotonic() + ms);
    const { burst } = settings;
    await own.pause(target, ms, this.#share);
    try {
      await shared.pause(target, ms, { intervalMs: this.#intervalMs, burst });
    } catch {
      // The other workers hear it from the target itself.
    }
  }

  /** This worker's own. */
  get #share(): BucketPace {
    return shareOf({ intervalMs: this.#intervalMs, burst: this.#options.settings.burst }, this.#workers);
  }

  async #reserve(maxWaitMs: number): Promise<Reservation> {
    const { shared, target, worker, clock, settings } = this.#options;
    const now = clock.monotonic();
    const pausedMs = Math.max(0, this.#pausedUntil - now);
    try {
      // What was booked locally, and the place after it, counts when Redis is back, and empty perhaps.
      const localMs = this.localShare ? Math.max(0, this.#booked - now) + this.#share.intervalMs : 0;
      const place = await shared.reserve(target, {
        ...{ intervalMs: this.#intervalMs, burst: settings.burst, maxWaitMs, worker },
        afterMs: Math.max(pausedMs, localMs),
        ...(this.localShare && !this.#returning ? { settleMs } : {}),
      });
      if (place.settling) {
        // Some have only now come back, and are counted one by one.
        this.#workers = Math.max(this.#workers, place.workers);
        this.#returning = true;
        return this.#reserveShare(maxWaitMs, pausedMs);
      }
      this.#workers = place.workers;
      this.#aheadMs = place.waitMs;
      this.localShare = this.#returning = false;
      return place;
    } catch {
      this.#returning = false;
      return this.#reserveShare(maxWaitMs, pausedMs);
    }
  }

  #reserveShare(maxWaitMs: number, pausedMs: number): Promise<Reservation> {
    const { own, target, worker, clock, settings } = this.#options;
    // At first behind what all of them have booked in the shared bucket: as far ahead as it was a moment ago.
    const bookedMs = this.localShare ? 0 : Math.min(settings.waitMs, Math.max(this.#aheadMs, this.#booked - clock.monotonic()));
    this.localShare = true;
    return own.reserve(target, {
      ...this.#share,
      ...{ maxWaitMs, worker },
      afterMs: Math.max(pausedMs, bookedMs),
    });
  }
}
