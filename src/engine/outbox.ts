import type { Clock, Random } from '../clock/clock.ts';
import { classOf } from '../errors/index.ts';
import { type Append, header, type Log } from '../log/port.ts';
import type { OutboxRecord } from '../state/port.ts';
import type { Linger } from './linger.ts';

/** Records that are sent together, in order. A turn of a stateless flow is one itself: an object and a closure less for each record. */
export interface Emission {
  /** Group whose row holds the records; undefined in stateless flows, which have no row. */
  readonly group: number | undefined;
  readonly records: readonly Append[];
  /** They and everything before are in the log. */
  sent(): void;
}

export interface OutboxSources {
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly linger: Linger;
  /** Names the numbers of what it emits. */
  readonly producer: string;
  /** Records of one append. */
  readonly maxRecords: number;
  readonly onRetry: (cause: unknown, attempt: number) => void;
  /** Trying again will not help. */
  readonly onRefused: (cause: unknown) => void;
}

/** What a record counts at least: as many small ones as fit into one append (`maxRecords`) have nothing to wait for. */
const leastBytes = 525;

/** Groups times this plus the index gives a number that rises over a lane's life: the `aorta-seq`. */
const seqStride = 2 ** 20;

/** The group that emitted what has this number. */
export const groupOf = (seq: number): number => Math.floor(seq / seqStride);

/**
 * Produces what turns emitted, in order, one append in flight per lane: a failed append is tried again before anything
 * later, so nothing overtakes. Waiting batches go together in the next append, when it is time (linger.ts).
 */
export class Outbox {
  readonly #from: OutboxSources;
  #queue: Emission[] = [];
  #busy = false;
  /** Waits for its time (linger.ts). */
  #lingers = false;
  /** Of values in the queue (`leastBytes`). */
  #bytes = 0;
  #closed = false;
  #idle: (() => void)[] = [];
  /** Every group at or below this number is in the log. */
  sentThrough: number;

  constructor(from: OutboxSources, sentThrough: number) {
    this.#from = from;
    this.sentThrough = sentThrough;
  }

  get pending(): number {
    return this.#queue.length + (this.#busy ? 1 : 0);
  }

  /** Nothing goes to the log any more: the lane is lost, or the log has refused for good what it emitted. */
  get closed(): boolean {
    return this.#closed;
  }

  /** A committed group's emissions, or none: `sent` is called when they and everything before are in the log. */
  group(group: number, records: readonly OutboxRecord[], sent: () => void): void {
    // What was refused stands before it and is not in the log: the next owner sends it.
    if (this.#closed) return;
    if (records.length === 0 && this.pending === 0) {
      this.sentThrough = group;
      sent();
      return;
    }
    this.#push({ group, sent, records: records.map((record, i) => this.#sequenced(record, group * seqStride + i)) });
  }

  /** What has no row. */
  direct(emission: Emission): void {
    this.#push(emission);
  }

  drained(): Promise<void> {
    if (this.pending === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  close(): void {
    this.#closed = true;
    this.#queue = [];
    this.#bytes = 0;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #sequenced(record: OutboxRecord, seq: number): Append {
    return { ...record, headers: { ...record.headers, [header.seq]: `${this.#from.producer}/${seq}` } };
  }

  #push(batch: Emission): void {
    if (this.#closed) return;
    this.#queue.push(batch);
    const bytes = bytesOf(batch);
    this.#bytes += bytes;
    if (this.#lingers) this.#from.linger.more(bytes);
    else if (!this.#busy) this.#wait();
  }

  #wait(): void {
    this.#lingers = true;
    this.#from.linger.wait(() => {
      this.#lingers = false;
      void this.#run();
    }, this.#bytes);
  }

  async #run(): Promise<void> {
    if (this.#queue.length > 0 && !this.#closed) {
      this.#busy = true;
      const batches = this.#take();
      const records = recordsOf(batches);
      if (records.length > 0) await this.#untilAppended(records);
      if (!this.#closed) {
        for (const batch of batches) {
          if (batch.group !== undefined) this.sentThrough = batch.group;
          batch.sent();
        }
      }
      this.#busy = false;
    }
    if (this.#queue.length > 0) this.#wait();
    else for (const resolve of this.#idle.splice(0)) resolve();
  }

  #take(): readonly Emission[] {
    let [taken, count] = [0, 0];
    for (const { records } of this.#queue) {
      if (taken > 0 && count + records.length > this.#from.maxRecords) break;
      count += records.length;
      taken++;
    }
    if (taken < this.#queue.length) {
      const first = this.#queue.splice(0, taken);
      for (const batch of first) this.#bytes -= bytesOf(batch);
      return first;
    }
    const all = this.#queue;
    this.#queue = [];
    this.#bytes = 0;
    return all;
  }

  async #untilAppended(records: readonly Append[]): Promise<void> {
    for (let attempt = 1; !this.#closed; attempt++) {
      try {
        await this.#from.log.append(records);
        return;
      } catch (cause) {
        // Trying again will not help (no right, no topic): nothing later may overtake, so the lane stands still, loudly.
        if (classOf(cause) === 'Permanent') {
          this.#from.onRefused(cause);
          this.close();
          return;
        }
        this.#from.onRetry(cause, attempt);
        const delay = this.#from.random.next() * Math.min(5000, 100 * 2 ** Math.min(attempt, 10));
        await new Promise<void>((resolve) => this.#from.clock.after(delay, resolve));
      }
    }
  }
}

const bytesOf = ({ records }: Emission): number => {
  let bytes = 0;
  for (const { value } of records) bytes += Math.max(leastBytes, value?.length ?? 0);
  return bytes;
};

const recordsOf = (batches: readonly Emission[]): readonly Append[] => {
  // Most have one record; a list of known length does not grow.
  if (batches.every(({ records }) => records.length === 1)) return batches.map(({ records }) => records[0] as Append);
  return batches.flatMap(({ records }) => records);
};
