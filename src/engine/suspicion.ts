import type { Clock } from '../clock/clock.ts';

/** Tries under suspicion that run side by side. After a second end each of them runs alone, so they must not be many. */
const together = 32;

/** Milliseconds between two looks at how late timers come, and by which one must be late to count. */
const pulseMs = 1000;

/** Milliseconds for which others wait for the function of a try that is over. A promise that is never settled must not hold them up for ever. */
const goesOnMs = 30_000;

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
  /** With the longest time in milliseconds that the event loop stood still during the try. */
  readonly #running = new Map<Leave, number>();
  /** Their tries are over, and functions of them go on: monotonic, until when others wait, and what to do then. */
  readonly #goingOn = new Map<Leave, { readonly until: number; readonly ended: () => void }>();
  #alone = false;
  readonly #clock: Clock;
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
    this.#goingOn.delete(leave);
    this.#next();
    if (this.#running.size === 0) this.#rest();
  }

  /** Its try is over, and its function is not: it ends by itself in a while, if nobody ends it. `ended` is called then. */
  goesOn(leave: Leave, ended: () => void): void {
    this.#goingOn.set(leave, { until: this.#clock.monotonic() + goesOnMs, ended });
  }

  /** Its try begins: what the event loop did before is not its doing. */
  begins(leave: Leave): void {
    if (!this.#running.has(leave)) return;
    this.#cancel();
    this.#beat();
    this.#running.set(leave, 0);
  }

  /**
   * The longest time that the event loop stood still at a stretch during a try, in milliseconds: by synchronous work, or
   * because the process was stopped. Several short ones lose no lane: heartbeats go out in between. 0 below a second.
   */
  stoodMs(leave: Leave): number {
    return Math.max(this.#running.get(leave) ?? 0, this.#lateMs);
  }

  get #lateMs(): number {
    const late = this.#due === undefined ? 0 : this.#clock.monotonic() - this.#due;
    return late >= pulseMs ? late : 0;
  }

  #beat(): void {
    const late = this.#lateMs;
    if (late > 0) for (const [leave, longest] of this.#running) this.#running.set(leave, Math.max(longest, late));
    this.#due = this.#clock.monotonic() + pulseMs;
    this.#cancel = this.#clock.after(pulseMs, () => this.#beat());
    const now = this.#clock.monotonic();
    for (const [leave, { until, ended }] of this.#goingOn) {
      if (until > now) continue;
      ended();
      this.end(leave);
    }
  }

  #rest(): void {
    this.#cancel();
    this.#due = undefined;
  }

  #next(): void {
    for (const leave of this.#waiting) {
      if (this.#alone || this.#running.size >= (leave.alone ? 1 : together)) return;
      this.#waiting.delete(leave);
      this.#running.set(leave, 0);
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
