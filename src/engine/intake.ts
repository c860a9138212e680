import type { Clock } from '../clock/clock.ts';

/** However slowly the flow works off what it has, something more is read this often. */
const patienceMs = 1000;

/**
 * Whether a flow takes more from the log. Every partition has a least credit, so that none starves for the others; of
 * hundreds of partitions those come to many times the credit of the flow. Without a bound on all together a backlog was read
 * into memory as fast as the broker could give it, and each record was old and had been copied by the time of its turn.
 *
 * Beyond the flow's credit more is taken only where waiting would help nobody: all that was taken last is settled, or
 * nothing works on what is open (it waits for calls, for a time, for an operator).
 */
export class Intake {
  readonly #clock: Clock;
  /** Share of the credit that was in use when more was taken last, and when that was. */
  #level = 0;
  #at = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `used`: share of the flow's credit. `working`: turns are ready, or the store or the log has yet to confirm some. */
  more(used: number, working: boolean): boolean {
    const now = this.#clock.monotonic();
    if (used > 1 && used > this.#level && working && now - this.#at < patienceMs) return false;
    this.#level = used;
    this.#at = now;
    return true;
  }
}
