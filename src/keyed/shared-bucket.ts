import type { Clock } from '../clock/clock.ts';
import type { Keyed, Pace, Reservation } from './port.ts';
import { Share, shareOf } from './share.ts';

export interface SharedBucketOptions {
  readonly name: string;
  readonly pace: Pace;
  readonly clock: Clock;
  /** What all workers share. */
  readonly shared: Keyed;
  /** This worker's own, for its share while the other is away. */
  readonly own: Keyed;
  readonly worker: string;
  /** Workers to reckon with while nobody has told their number yet. */
  readonly assumedWorkers: number;
}

export type Place = Pick<Reservation, 'granted' | 'waitMs'>;

/**
 * A bucket that all workers share, never without a bound. While Redis is away the worker books in a bucket of its own with
 * its share of the pace, which begins as full as the shared one was when it last answered, and behind what was booked
 * there. The shared one goes on behind the last place that any worker booked alone.
 */
export class SharedBucket {
  readonly #options: SharedBucketOptions;
  readonly #share: Share;
  /** Monotonic milliseconds up to which the shared bucket was booked, as far as this worker knows. */
  #booked = 0;
  /** How long one had to wait there. */
  #waitMs = 0;
  /** Up to there the own bucket is booked from the beginning. */
  #from = 0;
  /** The place after those of the own bucket. */
  #next = 0;
  #pausedUntil = 0;

  constructor(options: SharedBucketOptions) {
    this.#options = options;
    this.#share = new Share(options.shared, options.assumedWorkers);
  }

  /** The worker keeps to its share. */
  get local(): boolean {
    return this.#share.local;
  }

  /** Milliseconds that a pause still takes. */
  get pausedMs(): number {
    return Math.max(0, this.#pausedUntil - this.#options.clock.monotonic());
  }

  async reserve(maxWaitMs: number): Promise<Place> {
    const { shared, own, name, pace, worker, clock } = this.#options;
    const now = clock.monotonic();
    const pausedMs = this.pausedMs;
    const all = async (settleMs: number) => {
      const localMs = this.local ? Math.max(0, this.#next - now) : 0;
      const place = await shared.reserve(name, { ...pace, maxWaitMs, worker, settleMs, afterMs: Math.max(pausedMs, localMs) });
      if (!place.settling) [this.#booked, this.#waitMs] = [Math.max(this.#booked, now + place.aheadMs), place.waitMs];
      return place;
    };
    return this.#share.ask(all, async () => {
      // The others go on to ask: whoever waited a moment ago would wait as long now.
      if (!this.local) this.#from = Math.max(this.#booked, now + Math.min(maxWaitMs, this.#waitMs));
      const part = shareOf(pace, this.#share.workers);
      const place = await own.reserve(name, { ...part, maxWaitMs, worker, afterMs: Math.max(pausedMs, this.#from - now) });
      this.#next = Math.max(this.#next, now + place.aheadMs - (part.burst - 1) * part.intervalMs);
      return place;
    });
  }

  /** Nobody gets a place before, and no burst after it. */
  async pause(ms: number): Promise<void> {
    const { shared, own, name, pace, clock } = this.#options;
    this.#pausedUntil = Math.max(this.#pausedUntil, clock.monotonic() + ms);
    await own.pause(name, ms, shareOf(pace, this.#share.workers));
    // The other workers hear it from the target itself.
    await shared.pause(name, ms, pace).catch(() => {});
  }
}
