/** Passes values from one task to another, one at a time: who gives waits until it is taken. */
export class Handoff<T> implements AsyncIterable<T> {
  #given: { readonly value: T; readonly taken: () => void } | undefined;
  #over: { readonly thrown?: unknown } | undefined;
  #wake = () => {};

  /** Resolves when it was taken. Rejects with the signal's reason. */
  put(value: T, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const left = () => {
        this.#given = undefined;
        reject(signal.reason);
      };
      const taken = () => {
        signal.removeEventListener('abort', left);
        resolve();
      };
      signal.addEventListener('abort', left, { once: true });
      this.#given = { value, taken };
      this.#wake();
    });
  }

  end(): void {
    this.#over ??= {};
    this.#wake();
  }

  fail(thrown: unknown): void {
    this.#over ??= { thrown };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (;;) {
      const given = this.#given;
      if (given) {
        this.#given = undefined;
        given.taken();
        yield given.value;
      } else if (this.#over) {
        if ('thrown' in this.#over) throw this.#over.thrown;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
