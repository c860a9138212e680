import type { Clock } from '../clock/clock.ts';
import { type Counter, silentTelemetry, type Telemetry } from '../telemetry/port.ts';

/** Of the event loop's time, what the turns of all flows get at least, however long others wait. */
const leastShare = 1 / 8;
/** Milliseconds between two looks at who waits: a slice is put off no longer than needed when nobody does any more. */
const lookMs = 10;
/** Milliseconds of turns that are held against the next ones at most: one that computed for a second does not stop all for seven. */
const mostDebtMs = 10;

/**
 * When the turns of a worker's flows may run. While nobody waits for an answer, at once. While somebody does (`pressure`
 * above 0), slices come apart: turns get a share of the time that falls from 1 to an eighth as the pressure rises to 1, and
 * what answers gets the loop, the disks and the database in between. Records that wait for their turn are in the log.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #pressure: () => number;
  readonly #held: Counter;
  readonly #waiting: (() => void)[] = [];
  /** A slice is under way; one that was let go alone is about to be; a timer is. */
  #running = false;
  #next = false;
  #timed = false;
  /** Milliseconds of turns for which the others have not had theirs. */
  #debt = 0;
  /** Milliseconds that the others get for one of turns, as last looked at. */
  #others = 0;
  #at: number;

  constructor(clock: Clock, pressure: () => number, telemetry: Telemetry = silentTelemetry) {
    this.#held = telemetry.counter(
      'aorta_flow_held_back_seconds_total',
      'Time that flows had turns to run and left the event loop to messages that wait for their acknowledgement.',
    );
    this.#clock = clock;
    this.#pressure = pressure;
    this.#at = clock.monotonic();
  }

  /** Calls `slice` when it may run. */
  soon(slice: () => void): void {
    this.#waiting.push(slice);
    // What a slice asks for comes after it: it counts by then.
    if (!this.#running) this.#arm();
  }

  #arm(): void {
    if (this.#waiting.length === 0 || this.#next) return;
    const wait = this.#wait();
    if (this.#others === 0) {
      for (const slice of this.#waiting.splice(0)) this.#clock.soon(() => this.#run(slice));
    } else if (wait < 1) {
      // One: what it takes is known before the next one goes. Those of many flows would be one long piece.
      const slice = this.#waiting.shift() as () => void;
      this.#next = true;
      this.#clock.soon(() => {
        this.#next = false;
        this.#run(slice);
      });
    } else if (!this.#timed) {
      this.#timed = true;
      const from = this.#at;
      this.#clock.after(Math.min(wait, lookMs), () => {
        this.#timed = false;
        this.#held.inc((this.#clock.monotonic() - from) / 1000);
        this.#arm();
      });
    }
  }

  #run(slice: () => void): void {
    this.#wait();
    const from = this.#at;
    this.#running = true;
    try {
      slice();
    } finally {
      this.#running = false;
      this.#at = this.#clock.monotonic();
      this.#debt = Math.min(mostDebtMs, this.#debt + this.#at - from);
      this.#arm();
    }
  }

  /** Milliseconds until the others have had their part. */
  #wait(): number {
    const now = this.#clock.monotonic();
    const share = 1 - Math.min(1, Math.max(0, this.#pressure())) * (1 - leastShare);
    this.#others = (1 - share) / share;
    this.#debt = this.#others === 0 ? 0 : Math.max(0, this.#debt - (now - this.#at) / this.#others);
    this.#at = now;
    return this.#debt * this.#others;
  }
}
