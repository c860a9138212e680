/**
 * The producing side: takes appends, chooses partitions, bounds what waits; sender.ts sends it. kafkajs's own producer is
 * not used: it copies a partition's list for every message, and when it gives up after a time-out it winds the sequence
 * back, so that its next, different batch is taken for a repetition by the broker and is silently lost (K9).
 *
 * - Order: appends enter their partition's queue in the order of calling, also while a topic is being looked up.
 * - What arrives while a request is in flight goes into the next one; nothing lingers.
 */
import { AortaError, error } from '../../errors/index.ts';
import { partitionOf } from '../murmur2.ts';
import type { Append, Appended } from '../port.ts';
import { type Connect, closeCluster, followTopics, openCluster, type Surroundings } from './cluster.ts';
import type { Cluster } from './internals.ts';
import { Call, PartitionQueue } from './partitionQueue.ts';
import { backoff, isPassing, reasonOf, within } from './problems.ts';
import type { Compression } from './records/compression.ts';
import { payloadSize } from './records/encode.ts';
import { Sender } from './sender.ts';

export interface ProducerLimits {
  readonly compression: Compression;
  /** Bytes of one partition's batch; below the broker's max.message.bytes (1,048,588 by default). */
  readonly maxBatchBytes: number;
  /** Bytes of one record's key, value and headers. */
  readonly maxRecordBytes: number;
  /** Bytes of one request, over all partitions of a broker. */
  readonly maxRequestBytes: number;
  /** Bytes that may wait; beyond, `append` rejects with class Overload. */
  readonly maxBufferedBytes: number;
  /** How long an append is tried before it rejects; one request time-out may be added. */
  readonly appendTimeoutMs: number;
}

export class Producer {
  readonly #limits: ProducerLimits;
  readonly #around: Surroundings;
  readonly #cluster: Cluster;
  readonly #topics = new Map<string, readonly PartitionQueue[]>();
  readonly #sender: Sender;
  /** Appends whose topic is being looked up, in order: nothing overtakes them. */
  readonly #unplaced: { readonly records: readonly Append[]; readonly call: Call; readonly bytes: number }[] = [];
  #placing = false;
  #buffered = 0;
  #roundRobin = 0;
  #closed = false;

  constructor(connect: Connect, limits: ProducerLimits, around: Surroundings) {
    this.#limits = limits;
    this.#around = around;
    this.#cluster = openCluster(connect, around.telemetry, { maxInFlight: 1 });
    this.#sender = new Sender({
      cluster: this.#cluster,
      connect,
      around,
      compression: limits.compression,
      maxRequestBytes: limits.maxRequestBytes,
      onFreed: (bytes) => {
        this.#buffered -= bytes;
      },
      onUnknownTopic: (topic) => this.#topics.delete(topic),
    });
  }

  append(records: readonly Append[]): Promise<readonly Appended[]> {
    if (records.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(error('AORTA_LOG_016', { operation: 'append' }));
      const call = new Call(records.length, this.#around.clock.monotonic() + this.#limits.appendTimeoutMs, resolve, reject);
      if (this.#placing || !this.#known(records)) {
        const bytes = records.reduce((sum, record) => sum + payloadSize(record), 0);
        if (this.#full(bytes, call)) return;
        this.#buffered += bytes;
        this.#unplaced.push({ records, call, bytes });
        if (!this.#placing) void this.#placeLater();
      } else {
        this.#place(records, call);
      }
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#sender.close();
    const reason = error('AORTA_LOG_016', { operation: 'append' });
    for (const { call } of this.#unplaced.splice(0)) call.fail(reason);
    for (const queues of this.#topics.values()) {
      for (const queue of queues) {
        for (const call of queue.batch?.calls ?? []) call.fail(reason);
        queue.failWaiting(reason);
      }
    }
    await closeCluster(this.#cluster, this.#around.clock, 1000);
  }

  /** Fails the call when its bytes do not fit (AORTA_LOG_006); a single large one is let through when nothing waits. */
  #full(bytes: number, call: Call): boolean {
    const limit = this.#limits.maxBufferedBytes;
    if (this.#buffered === 0 || this.#buffered + bytes <= limit) return false;
    call.fail(error('AORTA_LOG_006', { size: this.#buffered, limit }, { retryAfterMs: 100 }));
    return true;
  }

  #known(records: readonly Append[]): boolean {
    let last: string | undefined;
    for (const { topic } of records) {
      if (topic !== last && !this.#topics.has(topic)) return false;
      last = topic;
    }
    return true;
  }

  /** Looks topics up, one append after the other, until none waits. */
  async #placeLater(): Promise<void> {
    this.#placing = true;
    for (let next = this.#unplaced[0]; next && !this.#closed; next = this.#unplaced[0]) {
      const { records, call, bytes } = next;
      let problem: AortaError | undefined;
      try {
        for (const topic of new Set(records.map((record) => record.topic))) {
          if (!this.#topics.has(topic)) await this.#look(topic, call.deadline);
        }
      } catch (thrown) {
        const options = isPassing(thrown) ? { cause: thrown } : { cause: thrown, class: 'Permanent' as const };
        problem = thrown instanceof AortaError ? thrown : error('AORTA_LOG_001', { problem: reasonOf(thrown) }, options);
      }
      if (this.#closed) break;
      this.#unplaced.shift();
      this.#buffered -= bytes;
      if (problem) call.fail(problem);
      else this.#place(records, call);
    }
    this.#placing = false;
  }

  async #look(topic: string, deadline: number): Promise<void> {
    const { clock } = this.#around;
    for (let attempt = 0; ; attempt++) {
      try {
        const left = Math.max(1, deadline - clock.monotonic());
        const gone = await within(clock, left, `metadata of ${topic}`, followTopics(this.#cluster, [topic]));
        const partitions = gone.length === 0 ? this.#cluster.findTopicPartitionMetadata(topic) : [];
        if (partitions.length > 0) {
          const leaders = new Map(partitions.map((p) => [p.partitionId, p.leader]));
          const queues = Array.from(
            { length: partitions.length },
            (_, p) => new PartitionQueue(topic, p, leaders.get(p) ?? -1, this.#limits.maxBatchBytes),
          );
          this.#topics.set(topic, queues);
          return;
        }
        // A topic made a moment ago may not have reached every broker.
        if (attempt >= 3) throw error('AORTA_LOG_002', { topic });
      } catch (thrown) {
        if (!isPassing(thrown) || clock.monotonic() >= deadline) throw thrown;
      }
      const wait = backoff(this.#around.random, attempt, 100, 1000);
      await new Promise<void>((resolve) => void clock.after(wait, resolve));
      if (this.#closed) throw error('AORTA_LOG_016', { operation: 'append' });
    }
  }

  /** Checks the whole call first: a refused one leaves nothing behind. */
  #place(records: readonly Append[], call: Call): void {
    const count = records.length;
    const payloads = new Array<number>(count);
    let bytes = 0;
    for (let i = 0; i < count; i++) {
      const record = records[i] as Append;
      const size = payloadSize(record);
      payloads[i] = size;
      bytes += size;
      if (!(size <= this.#limits.maxRecordBytes)) {
        call.fail(error('AORTA_LOG_007', { topic: record.topic, size, limit: this.#limits.maxRecordBytes }));
        return;
      }
      if (record.timestamp !== undefined && !Number.isSafeInteger(record.timestamp)) {
        call.fail(error('AORTA_LOG_015', { topic: record.topic, problem: 'a timestamp is no whole number of milliseconds' }));
        return;
      }
      const partition = record.partition;
      if (partition !== undefined && (this.#topics.get(record.topic) as readonly PartitionQueue[])[partition] === undefined) {
        call.fail(error('AORTA_LOG_015', { topic: record.topic, problem: `it has no partition ${partition}` }));
        return;
      }
    }
    if (this.#full(bytes, call)) return;
    this.#buffered += bytes;
    for (let i = 0; i < count; i++) {
      const record = records[i] as Append;
      const queues = this.#topics.get(record.topic) as readonly PartitionQueue[];
      const queue = queues[record.partition ?? this.#choose(record.key, queues.length)] as PartitionQueue;
      queue.push(record, payloads[i] as number, call, i);
      if (!queue.listed) this.#sender.list(queue);
    }
  }

  #choose(key: Append['key'], partitions: number): number {
    if (key !== null) return partitionOf(key, partitions);
    this.#roundRobin = (this.#roundRobin + 1) % partitions;
    return this.#roundRobin;
  }
}
