import type { AppliedSet } from '../state/port.ts';
import type { Root } from './root.ts';

/** One delivered record of a partition, from delivery until everything below it is settled. */
export interface Entry {
  readonly offset: number;
  /** Its effects are durable. */
  applied: boolean;
  /** Applied, and what it emitted is in the log. */
  settled: boolean;
  /** `aorta-seq` of the record, when it came from a flow or an ingress. */
  readonly hop: Hop | undefined;
  readonly at: number;
  /** What runs for it; undefined when it is settled, as entries may stay for long behind one that is not. */
  root: Root | undefined;
}

/** Settled entries that are let go together. Fewer are kept: a worker may have hundreds of partitions. */
const leastDone = 64;

export interface Hop {
  /** `flow/sourcePartition`. */
  readonly producer: string;
  readonly seq: number;
}

/**
 * Which offsets of one partition are applied and which are settled. Only delivered offsets are tracked, so gaps that
 * compaction leaves cost nothing.
 *
 * Two watermarks: **applied** (with the runs above it; written with every group) decides on redelivery, **settled** is
 * what is committed to the log. Hop numbers are folded into the applied set only as the watermark passes them: a record
 * above the watermark comes again after a crash and must find the same numbers below it, or it would be taken for a
 * duplicate of itself and lost.
 */
export class OffsetTracker {
  readonly #entries: Entry[] = [];
  #head = 0;
  #settledHead = 0;
  /** Below it nothing is young (`old`), and what was delivered since the last look begins at the second. */
  #oldHead = 0;
  #youngHead = 0;
  #base: AppliedSet;
  #next: number;
  #runs: readonly (readonly [number, number])[];
  readonly #seen: Map<string, number>;

  /** `start`: where delivery begins, if not at the watermark. */
  constructor(applied: AppliedSet, start = applied.watermark) {
    this.#base = applied;
    this.#runs = applied.runs;
    this.#next = start;
    this.#seen = new Map(Object.entries(applied.hops));
  }

  /** Applied before this assignment: its effects are in the database already. */
  wasApplied(offset: number): boolean {
    if (offset < this.#base.watermark) return true;
    for (const [first, last] of this.#runs) if (offset >= first && offset <= last) return true;
    return false;
  }

  /** Notes a delivered record. `duplicate`: the producer wrote it twice; it must not run again. */
  add(offset: number, hop: Hop | undefined, at: number): { entry: Entry; duplicate: boolean } {
    const entry: Entry = { offset, applied: false, settled: false, hop, at, root: undefined };
    this.#entries.push(entry);
    this.#next = offset + 1;
    let duplicate = false;
    if (hop) {
      const seen = this.#seen.get(hop.producer);
      duplicate = seen !== undefined && hop.seq <= seen;
      if (!duplicate) this.#seen.set(hop.producer, hop.seq);
    }
    return { entry, duplicate };
  }

  /** Lets go of what is settled, as more is delivered: an entry that waits for the next commit has become old by then. */
  pass(): void {
    if (this.#entries.length >= leastDone * 4) void this.settledWatermark;
  }

  /** Everything below is applied and sent: the offset to commit. */
  get settledWatermark(): number {
    let i = this.#settledHead;
    while (i < this.#entries.length && (this.#entries[i] as Entry).settled) i++;
    this.#settledHead = i;
    this.#passSettled();
    this.#compact();
    return this.#settledHead < this.#entries.length ? (this.#entries[this.#settledHead] as Entry).offset : this.#next;
  }

  /** The lowest record that is not settled. */
  get lowestOpen(): Entry | undefined {
    void this.settledWatermark;
    return this.#entries[this.#settledHead];
  }

  /** Roots that were delivered before the last call of this, and are neither settled nor were given before: each once. */
  *old(): Iterable<Root> {
    const [from, to] = [this.#oldHead, this.#youngHead];
    this.#oldHead = to;
    this.#youngHead = this.#entries.length;
    for (let i = from; i < to; i++) {
      const { root } = this.#entries[i] as Entry;
      if (root) yield root;
    }
  }

  /** Records that are kept in memory. */
  get size(): number {
    return this.#entries.length;
  }

  /** Delivered and not settled. */
  get open(): number {
    let open = 0;
    for (let i = this.#settledHead; i < this.#entries.length; i++) if (!(this.#entries[i] as Entry).settled) open++;
    return open;
  }

  /** The applied set as it is if every entry marked `applied` is durable. The caller marks a group's entries first. */
  snapshot(): AppliedSet {
    let i = this.#head;
    let hops: Record<string, number> | undefined;
    while (i < this.#entries.length && (this.#entries[i] as Entry).applied) {
      const { hop } = this.#entries[i] as Entry;
      if (hop && hop.seq > ((hops ?? this.#base.hops)[hop.producer] ?? -1)) {
        hops ??= { ...this.#base.hops };
        hops[hop.producer] = hop.seq;
      }
      i++;
    }
    const watermark = i < this.#entries.length ? (this.#entries[i] as Entry).offset : Math.max(this.#next, this.#base.watermark);
    const runs: [number, number][] = [];
    let run: [number, number] | undefined;
    let previous = -1;
    for (; i < this.#entries.length; i++) {
      const entry = this.#entries[i] as Entry;
      if (entry.applied) {
        // Neighbours in delivery join a run even across a gap: nothing that can still come lies between.
        if (run && previous === i - 1) run[1] = entry.offset;
        else {
          run = [entry.offset, entry.offset];
          runs.push(run);
        }
        previous = i;
      }
    }
    // Runs of the last owner that lie above what was delivered to us yet are still applied.
    for (const [first, last] of this.#runs) if (last >= this.#next) runs.push([Math.max(first, this.#next), last]);
    return { watermark, runs, hops: hops ?? this.#base.hops };
  }

  /** The snapshot became durable. */
  confirm(applied: AppliedSet): void {
    // Hop numbers of what was settled since the snapshot stay.
    const hops = { ...applied.hops };
    for (const [producer, seq] of Object.entries(this.#base.hops)) if (seq > (hops[producer] ?? -1)) hops[producer] = seq;
    this.#base = { ...applied, hops };
    while (this.#head < this.#entries.length && (this.#entries[this.#head] as Entry).applied) this.#head++;
    this.#compact();
  }

  /** A flow without state has no groups that confirm: what is settled needs no entry, only its hop number. */
  #passSettled(): void {
    if (this.#head >= this.#settledHead) return;
    let hops: Record<string, number> | undefined;
    for (; this.#head < this.#settledHead; this.#head++) {
      const { hop } = this.#entries[this.#head] as Entry;
      if (!hop || hop.seq <= ((hops ?? this.#base.hops)[hop.producer] ?? -1)) continue;
      hops ??= { ...this.#base.hops };
      hops[hop.producer] = hop.seq;
    }
    if (hops) this.#base = { ...this.#base, hops };
  }

  #compact(): void {
    const done = Math.min(this.#head, this.#settledHead);
    if (done < leastDone || done * 2 < this.#entries.length) return;
    this.#entries.splice(0, done);
    this.#head -= done;
    this.#settledHead -= done;
    this.#oldHead = Math.max(0, this.#oldHead - done);
    this.#youngHead = Math.max(0, this.#youngHead - done);
  }
}
