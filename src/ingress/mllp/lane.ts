/**
 * The order of one connection: messages are prepared side by side (a large one takes long to digest and to store), but
 * enter the durable queue in the order in which they came.
 */
export class Lane {
  #last: Promise<void> = Promise.resolve();

  ticket(): Ticket {
    const before = this.#last;
    let leave: () => void = () => {};
    this.#last = new Promise<void>((resolve) => {
      leave = () => void before.then(resolve);
    });
    return { turn: before, leave };
  }
}

export interface Ticket {
  /** Resolves when everything before has left. */
  readonly turn: Promise<void>;
  /** Lets the next one go. Idempotent; counts only after `turn`. */
  leave(): void;
}
