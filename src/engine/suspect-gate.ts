import type { Lane } from './lane.ts';
import type { Root } from './root.ts';

/** A record that ended the process this often after being noted as a suspect is parked. */
const maxAttempts = 3;

/** It is not run any more: its turn fails at once, in the place where the record stands among its patient's. */
export const isPoison = (root: Root): boolean => root.suspect > maxAttempts;

/**
 * After an unclean end the first uncommitted records are suspects: one of them may have killed the process. Their
 * attempt is stored before their turn. The first time they go together (cheap, and mostly somebody just killed the
 * process); those that were under suspicion already go one by one, so that only the culprit's count rises.
 */
export class SuspectGate {
  readonly #lane: Lane;
  readonly #attempts: Map<number, number>;
  readonly #queue: { root: Root; suspect: boolean }[] = [];
  readonly #under = new Set<Root>();
  #remaining: number;
  #storing = false;

  constructor(lane: Lane, window: number, stored: readonly { readonly offset: number; readonly attempts: number }[]) {
    this.#lane = lane;
    this.#remaining = window;
    this.#attempts = new Map(stored.map(({ offset, attempts }) => [offset, attempts]));
  }

  /** Records may pass by. */
  get open(): boolean {
    return this.#remaining === 0 && this.#queue.length === 0 && !this.#storing;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  push(root: Root): void {
    const suspect = this.#remaining > 0;
    if (suspect) this.#remaining--;
    this.#queue.push({ root, suspect });
    this.#pump();
  }

  /** The turn of a suspect came to an end, good or bad: it did not kill the process. */
  survived(root: Root): void {
    // Not at once: its turn is about to be handed over, and what follows must be handed over behind it.
    if (this.#under.delete(root)) this.#lane.ports.clock.soon(() => this.#pump());
  }

  #pump(): void {
    while (!this.#storing && this.#lane.owned && !this.#lane.draining) {
      const first = this.#queue[0];
      if (!first) return;
      const attempts = first.suspect ? (this.#attempts.get(first.root.offset) ?? 0) : 0;
      if (first.suspect && attempts === 0) {
        let count = 1;
        while (count < this.#queue.length && this.#queue[count]?.suspect && !this.#attempts.has(this.#queue[count]?.root.offset as number))
          count++;
        this.#store(
          this.#queue.splice(0, count).map(({ root }) => root),
          1,
        );
        return;
      }
      // A known suspect runs alone; what is behind it waits for it too.
      if (this.#under.size > 0) return;
      this.#queue.shift();
      if (!first.suspect) {
        this.#lane.admit(first.root);
        continue;
      }
      if (attempts >= maxAttempts) {
        first.root.suspect = attempts + 1;
        this.#lane.admit(first.root);
        continue;
      }
      this.#store([first.root], attempts + 1);
      return;
    }
  }

  #store(roots: readonly Root[], attempts: number): void {
    this.#storing = true;
    const suspects = roots.map((root) => ({ offset: root.offset, attempts }));
    const mark = this.#lane.mark({ suspects }, () => {
      this.#storing = false;
      for (const root of roots) {
        root.suspect = attempts;
        this.#under.add(root);
      }
      for (const root of roots) this.#lane.admit(root);
      this.#pump();
    });
    this.#lane.host.commit(mark);
  }
}
