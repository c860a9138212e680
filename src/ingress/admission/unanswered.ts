import type { Clock } from '../../clock/clock.ts';
import type { Waiting } from './request.ts';

/** Milliseconds that a message may wait for its answer before flows make room for it, and those at which they make all that they can. */
const calmMs = 3;
const latestMs = 10;

/** What is known of a message here: when it is answered. */
type Message = Pick<Waiting, 'onAnswered'>;

/** Messages that have no answer yet, in order of arrival, and what becomes of those that have none in time. */
export class Unanswered<M extends Message = Waiting> {
  readonly #clock: Clock;
  readonly #answerMs: number;
  readonly #late: (message: M) => void;
  /** The message is let go with its answer: a set that has grown old keeps what was in it until it is collected itself. */
  readonly #open = new Set<{ readonly since: number; message: M | undefined }>();
  /** Of the timer that runs while there are any; one for all, as all have the same time. */
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, answerMs: number, late: (message: M) => void) {
    this.#clock = clock;
    this.#answerMs = answerMs;
    this.#late = late;
  }

  came(message: M): void {
    const one: { readonly since: number; message: M | undefined } = { since: this.#clock.monotonic(), message };
    this.#open.add(one);
    message.onAnswered = () => {
      one.message = undefined;
      this.#open.delete(one);
      if (this.#open.size === 0) this.#idle();
    };
    this.#cancel ??= this.#clock.after(this.#answerMs, () => this.#look());
  }

  #idle(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #look(): void {
    this.#cancel = undefined;
    const now = this.#clock.monotonic();
    for (const { since, message } of this.#open) {
      const left = since + this.#answerMs - now;
      // A timer may come a part of a millisecond early.
      if (left < 1) {
        if (message) this.#late(message);
      } else {
        this.#cancel = this.#clock.after(left, () => this.#look());
        return;
      }
    }
  }

  /** Milliseconds that the oldest has waited; 0 when all are answered. */
  get oldestMs(): number {
    for (const { since } of this.#open) return this.#clock.monotonic() - since;
    return 0;
  }

  /** From 0 (answers are in time) to 1. */
  get pressure(): number {
    return Math.min(1, Math.max(0, (this.oldestMs - calmMs) / (latestMs - calmMs)));
  }
}
