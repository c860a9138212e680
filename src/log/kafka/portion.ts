import type { FetchLimits } from './protocol.ts';

/** Fewer are not asked for: who has one batch left would cost a question of its own. */
const least = 16;

/**
 * Which partitions a fetch asks for: all, each coming first in turn, as only the first one with data gets a batch larger
 * than its share. While there is a backlog an answer is full with what two or three of them hold; naming hundreds of others
 * in the question and in the answer cost more than their records. Then only some are asked for, from the last one on that
 * gave something: those before it would come first with nothing left, until an answer is not full. And soon all again once
 * answers are not full.
 */
export class Portion {
  readonly #limits: Pick<FetchLimits, 'maxBytes'>;
  #turn = 0;
  #most = Number.POSITIVE_INFINITY;

  constructor(limits: Pick<FetchLimits, 'maxBytes'>) {
    this.#limits = limits;
  }

  of<T>(wanted: readonly T[]): readonly T[] {
    const first = this.#turn++ % wanted.length;
    const end = Math.min(wanted.length, this.#most);
    return [...wanted.slice(first, first + end), ...wanted.slice(0, Math.max(0, first + end - wanted.length))];
  }

  /**
   * How many bytes those gave that were asked for, in that order: the answer may be in another one, as a question names the
   * partitions of a topic together, and leaves out some where there is a session. Returns their sum.
   */
  got<T>(asked: readonly T[], gave: ReadonlyMap<T, number>): number {
    let [bytes, filled] = [0, 0];
    for (const size of gave.values()) {
      bytes += size;
      if (size > 0) filled++;
    }
    const gap = asked.findIndex((each) => !gave.get(each));
    const leading = gap === -1 ? asked.length : gap;
    // Never past one that gave nothing: its next batch may fit only where it comes first.
    this.#turn += Math.max(0, leading - 2);
    this.#most = bytes >= this.#limits.maxBytes / 2 ? Math.max(least, 2 * filled) : asked.length * 4;
    return bytes;
  }
}
