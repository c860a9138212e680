import type { Clock, Random } from '../clock/clock.ts';
import type { LaneRef, State } from '../state/port.ts';
import { isPassing } from './supervise.ts';

/** Of each kind; above it the oldest are given up: a later owner counts them as deaths. */
const most = 1000;

interface Tries {
  readonly lane: LaneRef;
  readonly epoch: number;
  readonly offsets: readonly number[];
}

interface Running extends Tries {
  /** Told that it has ended: a later owner in this process, whose note stands for both. */
  heir: (() => void) | undefined;
}

const isOf = (tries: Tries, { lane, topic, partition }: LaneRef, offset: number): boolean =>
  tries.offsets.includes(offset) && tries.lane.partition === partition && tries.lane.topic === topic && tries.lane.lane === lane;

/**
 * Tells the store of tries whose lane this process lost and which it outlived: no owner can take their notes back, as the
 * lane is fenced. So they are removed by what they are, epoch and record, which nobody else writes; when it happens does
 * not matter, and neither that it happens twice. A process that has ended tells nothing.
 *
 * Failures: the store does not answer → again, until it does; the process ends before → the try counts as a death.
 */
export class Outlived {
  readonly #state: State;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onRetry: (cause: unknown, attempt: number) => void;
  #untold: Tries[] = [];
  /** Their functions go on. */
  readonly #running = new Set<Running>();
  #telling: Promise<void> | undefined;
  #stopped = false;
  #cancel = () => {};

  constructor(state: State, clock: Clock, random: Random, onRetry: (cause: unknown, attempt: number) => void) {
    this.#state = state;
    this.#clock = clock;
    this.#random = random;
    this.#onRetry = onRetry;
  }

  tell(lane: LaneRef, epoch: number, offsets: readonly number[]): void {
    if (offsets.length === 0 || this.#stopped) return;
    this.#untold.push({ lane, epoch, offsets });
    if (this.#untold.length > most) this.#untold.shift();
    this.#telling ??= this.#tell().finally(() => {
      this.#telling = undefined;
    });
  }

  /**
   * The note of a try whose function goes on, whether its lane is lost yet or not. The result is called when it has ended;
   * whose note it is takes it back. Given up here, it is taken back then all the same, but not when the worker stops.
   */
  runsOn(lane: LaneRef, epoch: number, offset: number): () => void {
    const tries: Running = { lane, epoch, offsets: [offset], heir: undefined };
    this.#running.add(tries);
    for (const oldest of this.#running) {
      if (this.#running.size <= most) break;
      this.#running.delete(oldest);
    }
    return () => {
      this.#running.delete(tries);
      tries.heir?.();
      tries.heir = undefined;
    };
  }

  /**
   * A later owner in this process has noted the same record: one end of the process is one death, whatever runs. Its note
   * stands for those of before, which are told, until their functions have ended too. Returns how many; `ended` is called
   * for each.
   */
  adopt(lane: LaneRef, epoch: number, offset: number, ended: () => void): number {
    const before = [...this.#running].filter((tries) => tries.epoch !== epoch && isOf(tries, lane, offset));
    for (const tries of before) {
      this.#running.delete(tries);
      tries.heir = ended;
      this.tell(tries.lane, tries.epoch, tries.offsets);
    }
    return before.length;
  }

  /** Not in the store yet: the same process has claimed the lane again, and knows it. */
  has(lane: LaneRef, epoch: number, offset: number): boolean {
    return [...this.#running, ...this.#untold].some((tries) => tries.epoch === epoch && isOf(tries, lane, offset));
  }

  /** The worker stops in good order: resolves when all that it was given has been told, or given up. */
  async told(): Promise<void> {
    for (const { lane, epoch, offsets } of this.#running) this.tell(lane, epoch, offsets);
    this.#running.clear();
    await this.#telling;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  async #tell(): Promise<void> {
    for (let attempt = 1; this.#untold.length > 0 && !this.#stopped; ) {
      const tries = this.#untold[0] as Tries;
      try {
        await this.#state.outlived(tries.lane, tries.epoch, tries.offsets);
        attempt = 1;
      } catch (cause) {
        this.#onRetry(cause, attempt);
        if (isPassing(cause)) {
          const delay = this.#random.next() * Math.min(5000, 100 * 2 ** Math.min(attempt++, 10));
          await new Promise<void>((resolve) => {
            this.#cancel = this.#clock.after(delay, resolve);
          });
          continue;
        }
      }
      this.#untold = this.#untold.filter((other) => other !== tries);
    }
  }
}
