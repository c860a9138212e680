import type { ActorCell } from './actor-cell.ts';
import type { Root } from './root.ts';
import type { EngineTurn } from './turn.ts';

/**
 * One patient in one lane. At most one turn runs at a time; turns that ended but are not durable yet stand in
 * `undurable`, in order, and settle in that order.
 *
 * States: idle (nothing queued; may be forgotten) → ready (in the run queue) → running → idle or ready;
 * `waiting` (retry delay) and `loading` (state being read) keep it out of the run queue.
 */
export class Mailbox {
  readonly key: string;
  #queue: Root[] = [];
  #head = 0;
  running: EngineTurn | undefined;
  undurable: EngineTurn[] = [];
  /** States of the flow's stores for this patient; undefined until loaded. */
  cells: Map<string, ActorCell> | undefined;
  ready = false;
  loading = false;
  /** Set while the head waits for its next try. */
  retryAt: number | undefined;
  cancelRetry: (() => void) | undefined;
  /** A turn of this patient was refused by the database: its turns commit alone until one is clean. */
  alone = false;
  lastError: string | undefined;
  since = 0;
  /** Of what is queued. */
  bytes = 0;

  constructor(key: string) {
    this.key = key;
  }

  get length(): number {
    return this.#queue.length - this.#head;
  }

  push(root: Root): void {
    this.#queue.push(root);
    this.bytes += root.size;
  }

  peek(): Root | undefined {
    return this.#queue[this.#head];
  }

  shift(): Root | undefined {
    const root = this.#queue[this.#head];
    if (root === undefined) return undefined;
    this.bytes -= root.size;
    this.#head++;
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0;
      this.#head = 0;
    } else if (this.#head > 256) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
    return root;
  }

  /** Puts roots back in front, in order: a retry, or turns discarded with an earlier one. */
  unshift(roots: readonly Root[]): void {
    this.#queue.splice(0, this.#head, ...roots);
    for (const root of roots) this.bytes += root.size;
    this.#head = 0;
  }

  takeAll(): Root[] {
    const all = this.#queue.slice(this.#head);
    this.#queue = [];
    this.#head = 0;
    this.bytes = 0;
    return all;
  }

  get idle(): boolean {
    return this.length === 0 && !this.running && this.undurable.length === 0 && !this.loading && this.retryAt === undefined;
  }
}
