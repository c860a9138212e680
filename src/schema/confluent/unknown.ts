import type { Clock } from '../../clock/clock.ts';

/** Entries kept: a flood of made-up ids must not fill the memory. */
const capacity = 10_000;

/** Ids that the registry did not give, each with the error to repeat until it may be asked again. */
export class UnknownIds {
  readonly #clock: Clock;
  readonly #entries = new Map<number, { readonly until: number; readonly error: Error }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  error(id: number): Error | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    if (this.#clock.monotonic() < entry.until) return entry.error;
    this.#entries.delete(id);
    return undefined;
  }

  add(id: number, error: Error, forMs: number): void {
    if (this.#entries.size >= capacity) {
      const oldest = this.#entries.keys().next().value;
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    this.#entries.set(id, { until: this.#clock.monotonic() + forMs, error });
  }

  delete(id: number): void {
    this.#entries.delete(id);
  }
}
