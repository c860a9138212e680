/** A record may end the process this often before it is wrong that nothing was done about it, */
const mostDeaths = 8;
/** and as often again for each redrive of its patient: an operator's request gives the head a clean slate. */
const deathsEachRedrive = 4;

/** Records that end the process that runs them. */
export class Lethal {
  readonly #deaths = new Map<string, number>();
  readonly #redrives = new Map<string, number>();
  readonly #ever = new Set<string>();
  /** Workers in which functions of a record run now, one for each function. */
  readonly #running = new Map<string, readonly number[]>();
  /** Three workers ran it at once, and each might have been ended by it: nobody can tell that they will not. */
  readonly #threeAtOnce = new Set<string>();
  /** Ends of a process that none of them made. The loss of a partition is none: its owner lives and says so. */
  otherEnds = 0;

  add(eventId: string): void {
    this.#deaths.set(eventId, 0);
    this.#ever.add(eventId);
  }

  /**
   * An end that many share accuses each of them once at most. So whoever was parked was under way at two ends more, of which
   * those that a noted record makes happen while it runs alone.
   */
  wronglyParked(eventId: string): boolean {
    return !this.#ever.has(eventId) && !this.#threeAtOnce.has(eventId) && this.otherEnds + Math.max(0, this.#ever.size - 1) < 2;
  }

  /** A function of it begins that looks at no signal. True: it ends the process when it ends. */
  begins(eventId: string, worker: number): boolean {
    const running = [...(this.#running.get(eventId) ?? []), worker];
    this.#running.set(eventId, running);
    if (new Set(running).size >= 3) this.#threeAtOnce.add(eventId);
    return this.#deaths.has(eventId);
  }

  /** That function has ended, and who ran it has had the time to say so. */
  ended(eventId: string, worker: number): void {
    const running = this.#running.get(eventId) ?? [];
    this.#running.set(eventId, running.toSpliced(running.indexOf(worker), 1));
  }

  /** It was parked and is harmless from now on. */
  cure(eventId: string): void {
    this.#deaths.delete(eventId);
  }

  redriven(key: string, requests: number): void {
    this.#redrives.set(key, (this.#redrives.get(key) ?? 0) + requests);
  }

  /** What a record does to its process when it runs: nothing, kill it, or kill it too often. */
  runs(eventId: string, key: string): { readonly kills: boolean; readonly tooOften: number | undefined } {
    const deaths = this.#deaths.get(eventId);
    if (deaths === undefined) return { kills: false, tooOften: undefined };
    this.#deaths.set(eventId, deaths + 1);
    const most = mostDeaths + deathsEachRedrive * (this.#redrives.get(key) ?? 0);
    return { kills: deaths < most, tooOften: deaths === most ? deaths : undefined };
  }
}
