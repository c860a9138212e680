import type { Clock } from '../clock/clock.ts';

/** Tries under suspicion that run side by side. After a second end each of them runs alone, so they must not be many. */
const together = 32;

/** Milliseconds between two looks at how late timers come, and by which one must be late to count. */
const pulseMs = 1000;

/** Leave to run a record under suspicion. */
export interface Leave {
  /** Nothing else under suspicion runs beside it. */
  readonly alone: boolean;
  readonly go: () => void;
}

/**
 * Who runs records under suspicion, over all flows, sources and partitions of one process.
 *
 * A record that was noted at an earlier end already runs **alone** among those under suspicion: if the process ends, it is
 * the only one that is accused again. Those without such a note run side by side, a few at a time: they are accused together
 * at most once, and an accusation of many is no proof. First come, first served, so that neither kind waits for ever.
 */
export class Suspicion {
  readonly #waiting = new Set<Leave>();
  readonly #running = new Set<Leave>();
  #alone = false;
  readonly #clock: Clock;
  #stoodMs = 0;
  /** Monotonic: when the pulse is expected; undefined while nothing runs. */
  #due: number | undefined;
  #cancel = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `go` when it may run, perhaps at once. `end` must be called in any case. */
  ask(leave: Leave): void {
    this.#waiting.add(leave);
    this.#next();
  }

  /** It has run, or does not want to any more. Again: nothing. */
  end(leave: Leave): void {
    if (this.#running.delete(leave) && leave.alone) this.#alone = false;
    this.#waiting.delete(leave);
    this.#next();
    if (this.#running.size === 0) this.#rest();
  }

  /**
   * How long the event loop stood still during tries, in milliseconds, a second or more at a time: between two values of it
   * lies what a try may have done to the process. Synchronous work, or the process was stopped.
   */
  get stoodMs(): number {
    return this.#stoodMs + this.#lateMs;
  }

  get #lateMs(): number {
    const late = this.#due === undefined ? 0 : this.#clock.monotonic() - this.#due;
    return late >= pulseMs ? late : 0;
  }

  #beat(): void {
    this.#stoodMs += this.#lateMs;
    this.#due = this.#clock.monotonic() + pulseMs;
    this.#cancel = this.#clock.after(pulseMs, () => this.#beat());
  }

  #rest(): void {
    this.#cancel();
    this.#stoodMs += this.#lateMs;
    this.#due = undefined;
  }

  #next(): void {
    for (const leave of this.#waiting) {
      if (this.#alone || this.#running.size >= (leave.alone ? 1 : together)) return;
      this.#waiting.delete(leave);
      this.#running.add(leave);
      this.#alone = leave.alone;
      if (this.#due === undefined) this.#beat();
      leave.go();
    }
  }
}

const processes = new WeakMap<Clock, Suspicion>();

/** A process has one clock: what shares it dies together. */
export function suspicionOf(clock: Clock): Suspicion {
  let suspicion = processes.get(clock);
  if (!suspicion) {
    suspicion = new Suspicion(clock);
    processes.set(clock, suspicion);
  }
  return suspicion;
}
