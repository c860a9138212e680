import type { ActorCell } from './actor-cell.ts';
import type { Lane } from './lane.ts';
import type { Root } from './root.ts';
import type { EngineTurn } from './turn.ts';

/** Of all that have nothing queued: never written to. */
const empty: Root[] = [];

/**
 * One patient in one lane, over all sources of the flow. At most one turn runs at a time; turns that ended but are not durable yet stand in
 * `undurable`, in order, and settle in that order.
 *
 * States: idle (nothing queued; may be forgotten) → ready (in the run queue) → running → idle or ready;
 * `waiting` (retry delay) and `loading` (state being read) keep it out of the run queue.
 */
export class Mailbox {
  readonly key: string;
  /** Below the head: empty, or a patient that never runs out of records would keep what it has done. */
  #queue: (Root | undefined)[] = empty;
  #head = 0;
  running: EngineTurn | undefined;
  undurable: EngineTurn[] = [];
  /** States of the flow's stores for this patient; undefined until loaded. */
  cells: readonly ActorCell[] | undefined;
  /** It stands in the run queue for this lane. */
  readyIn: Lane | undefined = undefined;
  loading = false;
  /** Set while the head waits for its next try. */
  retryAt: number | undefined;
  cancelRetry: (() => void) | undefined;
  /** A turn of this patient was refused by the database: its turns commit alone until one is clean. */
  alone = false;
  lastError: string | undefined;
  /** Nothing is under way, and it is only kept for the patient's next record (mailboxes.ts). */
  rests = false;
  /** It is not the patient's any more: whoever still holds it leaves it alone (mailboxes.ts). */
  gone = false;
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
    // A new list of one: what grows from nothing gets room for seventeen, and most patients have one record.
    if (this.#queue.length === 0) this.#queue = [root];
    else this.#queue.push(root);
    this.bytes += root.size;
  }

  peek(): Root | undefined {
    return this.#queue[this.#head];
  }

  shift(): Root | undefined {
    const root = this.#queue[this.#head];
    if (root === undefined) return undefined;
    this.bytes -= root.size;
    this.#queue[this.#head++] = undefined;
    if (this.#head === this.#queue.length) {
      this.#queue = empty;
      this.#head = 0;
    } else if (this.#head > 256) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
    return root;
  }

  /** Puts roots back in front, in order: a retry, or turns discarded with an earlier one. */
  unshift(roots: readonly Root[]): void {
    this.#queue = [...roots, ...this.#queue.slice(this.#head)];
    for (const root of roots) this.bytes += root.size;
    this.#head = 0;
  }

  /** What is queued of one lane. */
  share(lane: Lane): { readonly length: number; readonly bytes: number } {
    let [length, bytes] = [0, 0];
    for (let i = this.#head; i < this.#queue.length; i++) {
      const root = this.#queue[i];
      if (root?.lane !== lane) continue;
      length++;
      bytes += root.size;
    }
    return { length, bytes };
  }

  /** Everything queued of one lane. */
  take(lane: Lane): Root[] {
    const all = this.#queue.slice(this.#head) as Root[];
    this.#queue = all.filter((root) => root.lane !== lane);
    this.#head = 0;
    const taken = this.#queue.length === 0 ? all : all.filter((root) => root.lane === lane);
    for (const root of taken) this.bytes -= root.size;
    return taken;
  }

  /** Nothing of the lane is queued or under way; other sources of the patient may be. */
  idleFor(lane: Lane): boolean {
    if (this.idle) return true;
    if (lane.siblings.length === 1 || this.running?.lane === lane || this.undurable.some((turn) => turn.lane === lane)) return false;
    for (let i = this.#head; i < this.#queue.length; i++) if ((this.#queue[i] as Root).lane === lane) return false;
    return true;
  }

  get idle(): boolean {
    return this.length === 0 && !this.running && this.undurable.length === 0 && !this.loading && this.retryAt === undefined;
  }
}
