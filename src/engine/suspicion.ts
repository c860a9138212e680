import type { Clock } from '../clock/clock.ts';

/** Tries under suspicion that run side by side. After a second end each of them runs alone, so they must not be many. */
const together = 32;

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
  /** Notes of tries whose lane was lost: this process has outlived them. */
  readonly #outlived = new Map<string, number>();
  #alone = false;

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
  }

  /** The lane was lost during a try that was noted so: nobody can take the note back, and the process goes on. */
  outlives(record: string, noted: number): void {
    this.#outlived.delete(record);
    this.#outlived.set(record, noted);
    if (this.#outlived.size > 1000) this.#outlived.delete(this.#outlived.keys().next().value as string);
  }

  /** Deaths of what the store has a note for: one less where it is of such a try. */
  deathsOf(record: string, stored: number): number {
    return this.#outlived.get(record) === stored ? stored - 1 : stored;
  }

  #next(): void {
    for (const leave of this.#waiting) {
      if (this.#alone || this.#running.size >= (leave.alone ? 1 : together)) return;
      this.#waiting.delete(leave);
      this.#running.add(leave);
      this.#alone = leave.alone;
      leave.go();
    }
  }
}

const processes = new WeakMap<Clock, Suspicion>();

/** A process has one clock: what shares it dies together. */
export function suspicionOf(clock: Clock): Suspicion {
  let suspicion = processes.get(clock);
  if (!suspicion) {
    suspicion = new Suspicion();
    processes.set(clock, suspicion);
  }
  return suspicion;
}
