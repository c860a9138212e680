import type { Clock } from '../../clock/clock.ts';

const most = 10_000;

/** A token bucket for each name: so much at once, then so much a second. */
export class Allowance {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #buckets = new Map<string, { left: number; at: number }>();

  constructor(clock: Clock, burst: number, perSecond: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#perSecond = perSecond;
  }

  take(name: string, amount: number): boolean {
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(name) ?? { left: this.#burst, at: now };
    bucket.left = Math.min(this.#burst, bucket.left + ((now - bucket.at) / 1000) * this.#perSecond);
    bucket.at = now;
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > most && oldest !== undefined) this.#buckets.delete(oldest);
    if (bucket.left < amount) return false;
    bucket.left -= amount;
    return true;
  }
}
