import type { Clock } from '../../clock/clock.ts';

/** Milliseconds that a message may wait for its answer before flows make room for it, and those at which they make all that they can. */
const calmMs = 3;
const latestMs = 10;

/** Messages that have no answer yet, in order of arrival. */
export class Unanswered {
  readonly #clock: Clock;
  readonly #messages = new Set<{ readonly since: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One came. The result is called when it has its answer. */
  came(): () => void {
    const message = { since: this.#clock.monotonic() };
    this.#messages.add(message);
    return () => void this.#messages.delete(message);
  }

  /** Milliseconds that the oldest has waited; 0 when all are answered. */
  get oldestMs(): number {
    for (const { since } of this.#messages) return this.#clock.monotonic() - since;
    return 0;
  }

  /** From 0 (answers are in time) to 1. */
  get pressure(): number {
    return Math.min(1, Math.max(0, (this.oldestMs - calmMs) / (latestMs - calmMs)));
  }
}
