import type { Waiting } from './request.ts';

/** Requests in order of arrival, with the bytes that they hold. */
export class WaitingQueue {
  #waiting: Waiting[] = [];
  bytes = 0;

  get length(): number {
    return this.#waiting.length;
  }

  push(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.bytes += waiting.request.size;
  }

  /** Before everything else, as they came first. */
  putBack(waiting: readonly Waiting[]): void {
    if (waiting.length === 0) return;
    for (const each of waiting) this.bytes += each.request.size;
    this.#waiting = [...waiting, ...this.#waiting];
  }

  /**
   * The next batch: at least one request if there is any, at most so many and of so many bytes. Those whose deadline has
   * passed are left out: their senders were told that they are not stored, and they are not.
   */
  take(most: number, mostBytes: number): Waiting[] {
    const batch: Waiting[] = [];
    let bytes = 0;
    let at = 0;
    for (; at < this.#waiting.length && batch.length < most; at++) {
      const next = this.#waiting[at];
      if (!next) break;
      if (batch.length > 0 && bytes + next.request.size > mostBytes && !next.answered) break;
      this.bytes -= next.request.size;
      if (next.answered) continue;
      bytes += next.request.size;
      batch.push(next);
    }
    this.#waiting = this.#waiting.slice(at);
    return batch;
  }

  rejectAll(reason: Error): void {
    for (const each of this.#waiting) each.reject(reason);
  }
}
