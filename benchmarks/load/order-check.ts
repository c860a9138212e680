/** What reading the whole output of a round found. */
export interface Findings {
  readonly messages: number;
  readonly patients: number;
  /** Events before an earlier one of their patient. */
  readonly outOfOrder: number;
  readonly duplicates: number;
  /** Events that are missing: of a whole backlog all, else those of which a later one of their patient is there. */
  readonly missing: number;
  /** Events that should not be where they are, or not as they are. */
  readonly wrong: number;
}

export const isSound = ({ outOfOrder, missing, wrong }: Pick<Findings, 'outOfOrder' | 'missing' | 'wrong'>): boolean =>
  outOfOrder + missing + wrong === 0;

/** Checks the places of each patient's events as they come: 0, 1, 2, … in order and once. */
export class OrderCheck {
  readonly #seen = new Map<string, Set<number>>();
  readonly #highest = new Map<string, number>();
  #messages = 0;
  #outOfOrder = 0;
  #duplicates = 0;
  #wrong = 0;

  /** `key`: a patient, or a patient in one of several outputs; `place`: undefined for an event that should not be there. */
  add(key: string, place: number | undefined): void {
    this.#messages++;
    if (place === undefined) {
      this.#wrong++;
      return;
    }
    const seen = this.#seen.get(key) ?? new Set();
    this.#seen.set(key, seen);
    const highest = this.#highest.get(key) ?? -1;
    if (seen.has(place)) this.#duplicates++;
    else if (place < highest) this.#outOfOrder++;
    seen.add(place);
    this.#highest.set(key, Math.max(highest, place));
  }

  /** `expected`: events that must be there, where the whole input was worked off. */
  findings(expected = 0): Findings {
    let gaps = 0;
    let unique = 0;
    for (const [key, seen] of this.#seen) {
      gaps += (this.#highest.get(key) ?? -1) + 1 - seen.size;
      unique += seen.size;
    }
    return {
      messages: this.#messages,
      patients: this.#seen.size,
      outOfOrder: this.#outOfOrder,
      duplicates: this.#duplicates,
      missing: Math.max(gaps, expected - unique),
      wrong: this.#wrong,
    };
  }
}
