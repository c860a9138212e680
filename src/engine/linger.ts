import type { Clock } from '../clock/clock.ts';

/** Bytes that go together at least, while there is more to do. */
const enoughBytes = 1 << 20;
/** Milliseconds that anything waits at most for more to go with it. */
export const mostMs = 20;

/**
 * When what the lanes of a flow have emitted goes to the log. While no turn is ready, at once. While some are, what they
 * emit will go the same way: it is gathered, for a few milliseconds at most, as a request and a batch of each partition cost
 * the broker and this worker about as much as dozens of records do. So nobody waits on an idle worker, and a busy one writes
 * large batches.
 */
export class Linger {
  readonly #clock: Clock;
  readonly #busy: () => boolean;
  #waiting: (() => void)[] = [];
  #bytes = 0;
  #scheduled = false;
  #cancel: (() => void) | undefined;

  /** `busy`: turns are ready, and the run queue will look at them; it says so when none are any more (`idle`). */
  constructor(clock: Clock, busy: () => boolean) {
    this.#clock = clock;
    this.#busy = busy;
  }

  /** Calls `send` once, when it is time; `bytes` wait for it so far. */
  wait(send: () => void, bytes: number): void {
    this.#waiting.push(send);
    this.more(bytes);
    this.#cancel ??= this.#clock.after(mostMs, () => this.#now());
  }

  /** Of one that waits already. */
  more(bytes: number): void {
    this.#bytes += bytes;
    if (this.#scheduled || (this.#bytes < enoughBytes && this.#busy())) return;
    this.#scheduled = true;
    this.#clock.soon(() => this.#now());
  }

  /** No turn is ready now. */
  idle(): void {
    if (this.#waiting.length > 0) this.#now();
  }

  #now(): void {
    this.#scheduled = false;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#bytes = 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const send of waiting) send();
  }
}
