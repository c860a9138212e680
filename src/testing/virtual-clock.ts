import type { Clock, Random } from '../clock/clock.ts';

interface Due {
  readonly at: number;
  readonly seq: number;
  readonly fn: () => void;
  cancelled: boolean;
}

/** Lets every promise that can go on go on: a macrotask passes only when the microtasks are done. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * A clock that moves only when told. Between two callbacks all promise work is done, so that the same calls give the
 * same run. `choose` decides among callbacks due at the same moment (the simulator explores their orders).
 */
export class VirtualClock implements Clock {
  #now: number;
  #skew = 0;
  #seq = 0;
  #queue: Due[] = [];
  readonly #choose: (count: number) => number;
  /** Callbacks that may still run: a flow that never comes to rest ends in an error instead of hanging. */
  budget = Number.POSITIVE_INFINITY;

  constructor(start = Date.UTC(2026, 0, 1), choose: (count: number) => number = () => 0) {
    this.#now = start;
    this.#choose = choose;
  }

  now(): number {
    return this.#now + this.#skew;
  }

  monotonic(): number {
    return this.#now;
  }

  /** Moves the wall clock, not the timers: what NTP does to a machine. */
  jump(ms: number): void {
    this.#skew += ms;
  }

  after(ms: number, fn: () => void): () => void {
    const due: Due = { at: this.#now + Math.max(0, ms), seq: this.#seq++, fn, cancelled: false };
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#queue[middle] as Due).at <= due.at) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, due);
    return () => {
      due.cancelled = true;
    };
  }

  soon(fn: () => void): void {
    this.after(0, fn);
  }

  /** Callbacks that wait. */
  get pending(): number {
    return this.#queue.filter((due) => !due.cancelled).length;
  }

  /** Runs everything due within the next `ms` milliseconds, in order of time. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    for (;;) {
      this.#queue = this.#queue.filter((due) => !due.cancelled);
      const first = this.#queue[0];
      if (!first || first.at > until) break;
      let same = 1;
      while (same < this.#queue.length && (this.#queue[same] as Due).at === first.at) same++;
      const [due] = this.#queue.splice(same > 1 ? this.#choose(same) : 0, 1) as [Due];
      this.#now = Math.max(this.#now, due.at);
      if (--this.budget < 0) throw new Error('the virtual clock was asked for more callbacks than its budget');
      due.fn();
      await settle();
    }
    this.#now = until;
  }
}

/** A seeded generator (mulberry32): the same seed gives the same run. */
export function seededRandom(
  seed: number,
): Random & { int(below: number): number; chance(p: number): boolean; pick<T>(items: readonly T[]): T } {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    bytes: (length) => Uint8Array.from({ length }, () => Math.floor(next() * 256)),
    int: (below) => Math.floor(next() * below),
    chance: (p) => next() < p,
    pick: (items) => items[Math.floor(next() * items.length)] as (typeof items)[number],
  };
}
