/**
 * Commits of one assignment, one request at a time: two in flight could arrive in the wrong order and move an offset
 * back. Commits made meanwhile are merged, the last one of a partition counting.
 */
import type { Commit } from '../port.ts';
import { keyOf } from './fetcher.ts';

export class Committer {
  /** Last offset that the coordinator confirmed, per partition key. */
  readonly last = new Map<string, number>();
  readonly #send: (offsets: readonly Commit[]) => Promise<void>;
  #waiting: Map<string, Commit> | undefined;
  #next: Promise<void> | undefined;
  #current: Promise<void> = Promise.resolve();

  constructor(send: (offsets: readonly Commit[]) => Promise<void>) {
    this.#send = send;
  }

  /** Resolves when these offsets, or later ones of the same partitions, are confirmed. */
  commit(offsets: readonly Commit[]): Promise<void> {
    this.#waiting ??= new Map();
    for (const commit of offsets) this.#waiting.set(keyOf(commit), commit);
    this.#next ??= this.#current.then(() => {
      const batch = [...(this.#waiting as Map<string, Commit>).values()];
      this.#waiting = undefined;
      this.#next = undefined;
      const sent = this.#send(batch).then(() => {
        for (const commit of batch) this.last.set(keyOf(commit), commit.offset);
      });
      this.#current = sent.catch(() => {});
      return sent;
    });
    return this.#next;
  }

  /** Resolves when nothing is in flight; never rejects. */
  async settled(): Promise<void> {
    while (this.#next) await this.#next.catch(() => {});
    await this.#current;
  }
}
