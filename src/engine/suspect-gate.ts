import type { HeldRow } from '../state/port.ts';
import type { Lane } from './lane.ts';
import type { Root } from './root.ts';

/** A record that ended the process this often after being noted as a suspect is parked. */
const maxAttempts = 3;

/** Under which a root's attempts are stored: its offset; timers on the held list have none, and a key of their own. */
export const suspectKey = (root: { readonly offset: number; readonly held?: HeldRow | undefined }): number =>
  root.offset >= 0 ? root.offset : -2 - ((root.held?.seq ?? 0) % 2 ** 40);

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
  /** Held rows that have not run since an unclean end are suspects too, one at a time. */
  readonly #unclean: boolean;
  readonly #heldRun = new Set<number>();
  readonly #heldWaiting: (() => void)[] = [];
  #heldUnder: number | undefined;
  #remaining: number;
  #storing = false;

  constructor(lane: Lane, window: number, stored: readonly { readonly offset: number; readonly attempts: number }[]) {
    this.#lane = lane;
    this.#remaining = window;
    this.#unclean = window > 0;
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

  /** Calls `run` when the row may run, with the attempts noted for it (0: it is no suspect). */
  admitHeld(row: HeldRow, run: (suspect: number) => void): void {
    const key = suspectKey({ offset: row.offset, held: row });
    if (!this.#unclean || this.#heldRun.has(key)) return run(0);
    if (this.#lane.main) {
      // Inputs of a lane are many: those of this owner are not under suspicion, and the rest begins like records of the log.
      if (this.#lane.held.isOwn(row.seq)) return run(0);
      if (!this.#attempts.has(key)) {
        this.#heldRun.add(key);
        this.#lane.host.commit(this.#lane.mark({ suspects: [{ offset: key, attempts: 1 }] }, () => run(1)));
        return;
      }
    }
    if (this.#heldUnder !== undefined) {
      this.#heldWaiting.push(() => this.admitHeld(row, run));
      return;
    }
    const attempts = (this.#attempts.get(key) ?? 0) + 1;
    if (attempts > maxAttempts) return run(attempts);
    this.#heldUnder = key;
    this.#heldRun.add(key);
    this.#lane.host.commit(this.#lane.mark({ suspects: [{ offset: key, attempts }] }, () => run(attempts)));
  }

  /** An operator tries it again: it begins with a clean slate. */
  forgive(row: HeldRow): { readonly offset: number; readonly attempts: number } {
    const offset = suspectKey({ offset: row.offset, held: row });
    this.#attempts.delete(offset);
    this.#heldRun.delete(offset);
    return { offset, attempts: 0 };
  }

  #heldSurvived(root: Root): void {
    if (root.kind !== 'held' || this.#heldUnder !== suspectKey(root)) return;
    this.#heldUnder = undefined;
    const next = this.#heldWaiting.shift();
    if (next) this.#lane.ports.clock.soon(next);
  }

  /** The turn of a suspect came to an end, good or bad: it did not kill the process. */
  survived(root: Root): void {
    this.#heldSurvived(root);
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
