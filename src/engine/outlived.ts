import type { Clock, Random } from '../clock/clock.ts';
import type { LaneRef, State } from '../state/port.ts';
import { isPassing } from './supervise.ts';

/** Above it the oldest are given up: they count as deaths. */
const most = 1000;

interface Tries {
  readonly lane: LaneRef;
  readonly epoch: number;
  readonly offsets: readonly number[];
}

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

  /** Not in the store yet: the same process has claimed the lane again, and knows it. */
  has({ lane, topic, partition }: LaneRef, epoch: number, offset: number): boolean {
    return this.#untold.some(
      (tries) =>
        tries.epoch === epoch &&
        tries.offsets.includes(offset) &&
        tries.lane.partition === partition &&
        tries.lane.topic === topic &&
        tries.lane.lane === lane,
    );
  }

  /** Resolves when all that it was given has been told, or given up. */
  async told(): Promise<void> {
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
