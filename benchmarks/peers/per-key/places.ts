/** At most so many at once, the others in the order in which they came; 0: no bound. */
export class Places {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(bound: number) {
    this.#free = bound > 0 ? bound : Number.POSITIVE_INFINITY;
  }

  async use(work: () => Promise<void>): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
