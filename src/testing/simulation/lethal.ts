/** A record may end the process this often before it is wrong that nothing was done about it, */
const mostDeaths = 8;
/** and as often again for each redrive of its patient: an operator's request gives the head a clean slate. */
const deathsEachRedrive = 4;
/** So many notes of owners before park a record. */
const notesToPark = 3;
/** Milliseconds in which the store has heard that a function has ended. */
const tellingMs = 500;

/** One function of a record. */
interface Run {
  readonly worker: number;
  /** Its note may stand until then: for ever while it runs. */
  until: number;
}

/** Records that end the process that runs them. */
export class Lethal {
  readonly #deaths = new Map<string, number>();
  readonly #redrives = new Map<string, number>();
  readonly #ever = new Set<string>();
  readonly #runs = new Map<string, Run[]>();
  /** Workers that ended while a function of the record ran. */
  readonly #endedWith = new Map<string, Set<number>>();
  /** When they were counted, three owners before had ended or ran it yet: nobody can tell that it will not end those that live. */
  readonly #untellable = new Set<string>();
  /** Ends of a process that none of them made. The loss of a partition is none: its owner lives and says so. */
  otherEnds = 0;

  add(eventId: string): void {
    this.#deaths.set(eventId, 0);
    this.#ever.add(eventId);
  }

  /**
   * An end that many share accuses each of them once at most. So whoever was parked was under way at two ends more, of which
   * those that a noted record makes happen while it runs alone; or in live owners, which had not taken their notes back.
   */
  wronglyParked(eventId: string): boolean {
    return !this.#ever.has(eventId) && !this.#untellable.has(eventId) && this.#endsToShare < notesToPark;
  }

  /** Ends of a process of which a record that makes none may be accused. */
  get #endsToShare(): number {
    return 1 + this.otherEnds + Math.max(0, this.#ever.size - 1);
  }

  /** A function of it begins. True: it ends the process. */
  begins(eventId: string, worker: number): boolean {
    const runs = this.#runs.get(eventId);
    const run = { worker, until: Number.POSITIVE_INFINITY };
    if (runs) runs.push(run);
    else this.#runs.set(eventId, [run]);
    return this.#deaths.has(eventId);
  }

  /** That function has ended. */
  ended(eventId: string, worker: number, now: number): void {
    const run = this.#runs.get(eventId)?.find((one) => one.worker === worker && one.until === Number.POSITIVE_INFINITY);
    if (run) run.until = now + tellingMs;
  }

  /** What stands in the store is counted by an owner that would park a record. */
  counted(by: number, now: number): void {
    for (const [eventId, runs] of this.#runs) {
      const live = runs.filter(({ worker, until }) => worker !== by && until > now).map(({ worker }) => worker);
      const ends = Math.min(this.#endedWith.get(eventId)?.size ?? 0, this.#endsToShare);
      if (live.length > 0 && ends + new Set(live).size >= notesToPark) this.#untellable.add(eventId);
    }
  }

  /** A worker has stopped in good order: what ran in it runs no more and has no note, and nobody is accused of its end. */
  stopped(worker: number): void {
    for (const [eventId, runs] of this.#runs)
      this.#runs.set(
        eventId,
        runs.filter((run) => run.worker !== worker),
      );
  }

  /** A worker has ended: what ran in it runs no more. */
  gone(worker: number): void {
    for (const [eventId, runs] of this.#runs) {
      if (!runs.some((run) => run.worker === worker && run.until === Number.POSITIVE_INFINITY)) continue;
      this.#endedWith.set(eventId, (this.#endedWith.get(eventId) ?? new Set()).add(worker));
      const others = runs.filter((run) => run.worker !== worker);
      this.#runs.set(eventId, others);
    }
  }

  /** It was parked and is harmless from now on. */
  cure(eventId: string): void {
    this.#deaths.delete(eventId);
    this.#endedWith.delete(eventId);
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
