import type { Keyed, Pace, Shared } from './port.ts';

/** Workers to reckon with while the server that counts them has never answered. */
export const assumedWorkers = 3;

/**
 * Workers notice at different times that Redis is back (a connection is tried every 2 s, a command once a second): what
 * went on with the first of them would be given whole while the others still use their shares.
 */
const settleMs = 4_000;

/** One worker's share of a pace that so many share: what it may use by itself while the server is away. */
export const shareOf = ({ intervalMs, burst }: Pace, workers: number): Pace => ({
  intervalMs: intervalMs * workers,
  burst: Math.max(1, Math.floor(burst / workers)),
});

/**
 * Something that workers share, in Redis, or by its share while that is away: by the number of workers known last. When
 * Redis is back all keep to their shares until each of them has noticed. A process alone has all of it.
 */
export class Share {
  readonly #alone: boolean;
  #workers: number;
  #local = false;
  /** Redis answers, and not all workers have noticed. */
  #returning = false;

  constructor(keyed: Keyed | undefined, assumed = assumedWorkers) {
    this.#alone = keyed?.kind !== 'redis';
    this.#workers = this.#alone ? 1 : assumed;
  }

  get workers(): number {
    return this.#workers;
  }

  /** This worker keeps to its share. Within `own` of an ask: it did so before. */
  get local(): boolean {
    return this.#local;
  }

  /** What `all` says of the thing as it is shared; what `own` says where it rejects, or others come back. */
  async ask<T>(all: (settleMs: number) => Promise<T & Shared>, own: () => T | Promise<T>): Promise<T> {
    if (this.#alone) return own();
    try {
      const answer = await all(this.#local && !this.#returning ? settleMs : 0);
      // Some have only now come back, and are counted one by one.
      this.#workers = answer.settling ? Math.max(this.#workers, answer.workers) : answer.workers;
      this.#returning = answer.settling;
      if (!answer.settling) {
        this.#local = false;
        return answer;
      }
    } catch {
      this.#returning = false;
    }
    const answer = own();
    this.#local = true;
    return answer;
  }
}
