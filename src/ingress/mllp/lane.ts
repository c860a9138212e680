/**
 * The order of one connection: messages are prepared side by side (a large one takes long to digest and to store), but
 * enter the durable queue in the order in which they came.
 */
export class Lane {
  #last: Place | undefined;

  ticket(): Ticket {
    this.#last = new Place(this.#last);
    return this.#last;
  }
}

export interface Ticket {
  /** Resolves when everything before has left; undefined: it has. */
  readonly turn: Promise<void> | undefined;
  /** Lets the next one go. Idempotent; counts only after `turn`. */
  leave(): void;
}

/** As a rule nothing is before it, and nobody ever waits: then there is no promise. */
class Place implements Ticket {
  #behind: Place | undefined;
  #waits: boolean;
  #leaving = false;
  #left = false;
  #turn: Promise<void> | undefined;
  #arrived: (() => void) | undefined;

  constructor(before: Place | undefined) {
    this.#waits = before !== undefined && !before.#left;
    if (this.#waits && before) before.#behind = this;
  }

  get turn(): Promise<void> | undefined {
    if (!this.#waits) return undefined;
    this.#turn ??= new Promise((resolve) => {
      this.#arrived = resolve;
    });
    return this.#turn;
  }

  leave(): void {
    this.#leaving = true;
    if (this.#waits || this.#left) return;
    let place: Place | undefined = this;
    // All behind it that have left already, in a loop: there may be many.
    while (place) {
      if (!place.#leaving) return;
      place.#left = true;
      const next: Place | undefined = place.#behind;
      place.#behind = undefined;
      if (next) {
        next.#waits = false;
        next.#arrived?.();
      }
      place = next;
    }
  }
}
