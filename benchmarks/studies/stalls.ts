/**
 * Partitions that stand still: events for each of them come all the time, so one that got nothing out for longer than `bound`
 * milliseconds is stalled, from its last record on. Times are those of one clock.
 */
export class Stalls {
  readonly #last: number[];
  readonly #bound: number;
  readonly #looks: [number, number][] = [];
  #from = Number.POSITIVE_INFINITY;
  #ms = 0;

  constructor(partitions: number, bound: number) {
    this.#last = Array.from({ length: partitions }, () => Number.POSITIVE_INFINITY);
    this.#bound = bound;
  }

  /** What was before does not count. */
  begin(at: number): void {
    this.#from = at;
    this.#last.forEach((last, partition) => {
      this.#last[partition] = Math.max(at, Number.isFinite(last) ? last : at);
    });
  }

  /** A record of the partition came out. */
  came(partition: number, at: number): void {
    this.#settle(partition, at);
    this.#last[partition] = at;
  }

  look(at: number): void {
    this.#looks.push([at, this.#last.filter((last) => at - last > this.#bound).length]);
  }

  /** Those that still stand still count up to now. */
  end(at: number): void {
    for (const partition of this.#last.keys()) this.came(partition, at);
    this.#from = Number.POSITIVE_INFINITY;
  }

  /** Of all partitions, in seconds. */
  get seconds(): number {
    return this.#ms / 1000;
  }

  /** `[seconds since then, partitions that stood still]`. */
  curve(since: number): readonly (readonly [number, number])[] {
    return this.#looks.map(([at, count]) => [Number(((at - since) / 1000).toFixed(2)), count] as const);
  }

  #settle(partition: number, at: number): void {
    const gap = at - Math.max(this.#from, this.#last[partition] ?? at);
    if (gap > this.#bound) this.#ms += gap;
  }
}
