/** What waits for one partition: records in the order of `append`, and the one batch that is on its way. */
import type { Append, Appended } from '../port.ts';
import type { EncodedBatch } from './records/encode.ts';

/** One `append` call: settles when its last record is durable, or with its first failure. */
export class Call {
  readonly results: Appended[];
  /** Monotonic milliseconds after which the call is not tried any more. */
  readonly deadline: number;
  readonly #resolve: (results: Appended[]) => void;
  readonly #reject: (reason: unknown) => void;
  #missing: number;

  constructor(count: number, deadline: number, resolve: (results: Appended[]) => void, reject: (reason: unknown) => void) {
    this.results = new Array<Appended>(count);
    this.#missing = count;
    this.deadline = deadline;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  done(slot: number, partition: number, offset: number): void {
    if (this.#missing <= 0) return;
    this.results[slot] = { partition, offset };
    if (--this.#missing === 0) this.#resolve(this.results);
  }

  fail(reason: unknown): void {
    if (this.#missing <= 0) return;
    this.#missing = -1;
    this.#reject(reason);
  }
}

/** Records cut from the queue for one request. It stays the same, with the same sequence, through every retry. */
export interface Batch {
  readonly records: Append[];
  readonly payloads: number[];
  readonly calls: Call[];
  readonly slots: number[];
  bytes: number;
  /** With the producer id and sequence it will keep. */
  encoded?: EncodedBatch;
  /** A request with it was sent and not answered: it may or may not be in the log. */
  uncertain: boolean;
}

/** What a record adds to its batch beyond its payload, at most. */
const recordOverhead = 20;

export class PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  /** Node id of the partition's leader; -1 when it has none. */
  leader: number;
  /** Cut and not yet durable. */
  batch: Batch | undefined;
  /** In the ready list of its lane. */
  listed = false;
  maxBatchBytes: number;
  /** Sequence of the next batch under `producerId`. */
  sequence = 0;
  producerId = -1n;
  #records: Append[] = [];
  #payloads: number[] = [];
  #calls: Call[] = [];
  #slots: number[] = [];
  #head = 0;

  constructor(topic: string, partition: number, leader: number, maxBatchBytes: number) {
    this.topic = topic;
    this.partition = partition;
    this.leader = leader;
    this.maxBatchBytes = maxBatchBytes;
  }

  get waiting(): boolean {
    return this.batch !== undefined || this.#head < this.#records.length;
  }

  /** The call at the head, which is the one that has waited longest. */
  get oldest(): Call | undefined {
    return this.batch?.calls[0] ?? this.#calls[this.#head];
  }

  push(record: Append, payload: number, call: Call, slot: number): void {
    this.#records.push(record);
    this.#payloads.push(payload);
    this.#calls.push(call);
    this.#slots.push(slot);
  }

  /** The batch on its way, or a new one of at most `maxBatchBytes` (a larger single record travels alone). */
  cut(): Batch | undefined {
    if (this.batch) return this.batch;
    let end = this.#head;
    let bytes = 0;
    while (end < this.#records.length) {
      const size = (this.#payloads[end] as number) + recordOverhead;
      if (end > this.#head && bytes + size > this.maxBatchBytes) break;
      bytes += size;
      end++;
    }
    if (end === this.#head) return undefined;
    this.batch = {
      records: this.#records.slice(this.#head, end),
      payloads: this.#payloads.slice(this.#head, end),
      calls: this.#calls.slice(this.#head, end),
      slots: this.#slots.slice(this.#head, end),
      bytes,
      uncertain: false,
    };
    this.#head = end;
    if (this.#head === this.#records.length) this.#clear();
    else if (this.#head > 1024) this.#forget();
    return this.batch;
  }

  /** Puts the batch back in front, to be cut smaller: the broker refused its size, so nothing of it was written. */
  split(): void {
    const batch = this.batch;
    if (!batch) return;
    this.maxBatchBytes = Math.max(1, Math.floor(batch.bytes / 2));
    this.batch = undefined;
    this.#records = [...batch.records, ...this.#records.slice(this.#head)];
    this.#payloads = [...batch.payloads, ...this.#payloads.slice(this.#head)];
    this.#calls = [...batch.calls, ...this.#calls.slice(this.#head)];
    this.#slots = [...batch.slots, ...this.#slots.slice(this.#head)];
    this.#head = 0;
  }

  /** Payload bytes of everything that waits behind the batch; the calls fail and the queue is empty afterwards. */
  failWaiting(reason: unknown): number {
    let bytes = 0;
    for (let i = this.#head; i < this.#calls.length; i++) {
      (this.#calls[i] as Call).fail(reason);
      bytes += this.#payloads[i] as number;
    }
    this.#clear();
    return bytes;
  }

  /** A queue that is never empty must not keep what it has sent. */
  #forget(): void {
    for (const list of [this.#records, this.#payloads, this.#calls, this.#slots]) list.splice(0, this.#head);
    this.#head = 0;
  }

  #clear(): void {
    this.#records = [];
    this.#payloads = [];
    this.#calls = [];
    this.#slots = [];
    this.#head = 0;
  }
}
