/**
 * The producing side. kafkajs's own producer is not used: it copies a partition's list for every message, and when it
 * gives up after a time-out it winds the sequence back, so that its next, different batch is taken for a repetition by
 * the broker and is silently lost (K9).
 *
 * Rules:
 * - A partition has one batch on its way, a broker one request (K9): order holds through every retry.
 * - A batch keeps its producer id and sequence through retries: the broker drops what it already has.
 * - A batch given up without an answer is rejected with everything that waits behind it (so that the callers can repeat
 *   in order), and a new producer id is taken before the next send: `aorta_log_producer_resets_total`.
 * - What arrives while a request is in flight goes into the next one; nothing lingers.
 */
import { AortaError, error } from '../../errors/index.ts';
import type { Counter } from '../../telemetry/port.ts';
import { partitionOf } from '../murmur2.ts';
import type { Append, Appended } from '../port.ts';
import { type Connect, closeCluster, followTopics, openCluster, refreshMetadata, type Surroundings } from './cluster.ts';
import type { Cluster } from './internals.ts';
import { type Batch, Call, PartitionQueue } from './partitionQueue.ts';
import { backoff, isPassing, reasonOf, within } from './problems.ts';
import { code, isPassingCode, nameOfCode, type ProduceResult, produceRequest } from './protocol.ts';
import type { Compression } from './records/compression.ts';
import { type BatchIdentity, encodeBatch, payloadSize } from './records/encode.ts';

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

/** All partitions led by one broker. */
interface Lane {
  readonly leader: number;
  ready: PartitionQueue[];
  running: boolean;
  failures: number;
}

interface Identity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** Sequences are int32 and wrap to 0. */
const wrap = 2 ** 31;

export class Producer {
  readonly #connect: Connect;
  readonly #limits: ProducerLimits;
  readonly #around: Surroundings;
  readonly #cluster: Cluster;
  readonly #topics = new Map<string, readonly PartitionQueue[]>();
  readonly #lanes = new Map<number, Lane>();
  readonly #resets: Counter;
  readonly #retries: Counter;
  /** Appends whose topic is being looked up, in order: nothing overtakes them. */
  readonly #unplaced: { readonly records: readonly Append[]; readonly call: Call }[] = [];
  #placing = false;
  #identity: Promise<Identity> | undefined;
  #buffered = 0;
  #roundRobin = 0;
  #closed = false;

  constructor(connect: Connect, limits: ProducerLimits, around: Surroundings) {
    this.#connect = connect;
    this.#limits = limits;
    this.#around = around;
    this.#cluster = openCluster(connect, around.telemetry, { maxInFlight: 1 });
    this.#resets = around.telemetry.counter('aorta_log_producer_resets_total', 'New producer ids taken after an append without an answer.');
    this.#retries = around.telemetry.counter('aorta_log_append_retries_total', 'Produce requests that were repeated.');
  }

  append(records: readonly Append[]): Promise<readonly Appended[]> {
    if (records.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(error('AORTA_LOG_016', { operation: 'append' }));
      const call = new Call(records.length, this.#around.clock.monotonic() + this.#limits.appendTimeoutMs, resolve, reject);
      if (this.#placing || !this.#known(records)) {
        this.#unplaced.push({ records, call });
        if (!this.#placing) void this.#placeLater();
      } else {
        this.#place(records, call);
      }
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
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
      const { records, call } = next;
      try {
        for (const topic of new Set(records.map((record) => record.topic)))
          if (!this.#topics.has(topic)) await this.#look(topic, call.deadline);
        if (!this.#closed) this.#place(records, call);
      } catch (thrown) {
        call.fail(thrown instanceof AortaError ? thrown : error('AORTA_LOG_001', { problem: reasonOf(thrown) }, { cause: thrown }));
      }
      this.#unplaced.shift();
    }
    this.#placing = false;
  }

  async #look(topic: string, deadline: number): Promise<void> {
    const { clock } = this.#around;
    for (let attempt = 0; ; attempt++) {
      try {
        const left = Math.max(1, deadline - clock.monotonic());
        const gone = await within(clock, left, `metadata of ${topic}`, followTopics(this.#cluster, [topic]));
        const partitions = this.#cluster.findTopicPartitionMetadata(topic);
        if (gone.length === 0 && partitions.length > 0) {
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
      await this.#sleep(backoff(this.#around.random, attempt, 100, 1000));
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
      const partition = record.partition;
      if (partition !== undefined && (this.#topics.get(record.topic) as readonly PartitionQueue[])[partition] === undefined) {
        call.fail(error('AORTA_LOG_015', { topic: record.topic, problem: `it has no partition ${partition}` }));
        return;
      }
    }
    if (this.#buffered > 0 && this.#buffered + bytes > this.#limits.maxBufferedBytes) {
      call.fail(error('AORTA_LOG_006', { size: this.#buffered, limit: this.#limits.maxBufferedBytes }, { retryAfterMs: 100 }));
      return;
    }
    this.#buffered += bytes;
    for (let i = 0; i < count; i++) {
      const record = records[i] as Append;
      const queues = this.#topics.get(record.topic) as readonly PartitionQueue[];
      const queue = queues[record.partition ?? this.#choose(record.key, queues.length)] as PartitionQueue;
      queue.push(record, payloads[i] as number, call, i);
      if (!queue.listed) this.#list(queue);
    }
  }

  #choose(key: Append['key'], partitions: number): number {
    if (key !== null) return partitionOf(key, partitions);
    this.#roundRobin = (this.#roundRobin + 1) % partitions;
    return this.#roundRobin;
  }

  #list(queue: PartitionQueue): void {
    let lane = this.#lanes.get(queue.leader);
    if (!lane) {
      lane = { leader: queue.leader, ready: [], running: false, failures: 0 };
      this.#lanes.set(queue.leader, lane);
    }
    queue.listed = true;
    lane.ready.push(queue);
    if (lane.running) return;
    lane.running = true;
    const own = lane;
    // One microtask later, so that a burst of appends in one turn travels together.
    queueMicrotask(() => void this.#drive(own));
  }

  async #drive(lane: Lane): Promise<void> {
    while (lane.ready.length > 0 && !this.#closed) {
      const queues = this.#take(lane);
      const again = queues.length === 0 ? new Set<PartitionQueue>() : await this.#attempt(lane, queues);
      for (const queue of queues) {
        if (again.has(queue)) continue;
        queue.listed = false;
        if (queue.waiting) this.#list(queue);
      }
      if (again.size === 0) {
        lane.failures = 0;
        continue;
      }
      this.#retries.inc();
      await this.#sleep(backoff(this.#around.random, lane.failures++, 20, 1000));
      if (this.#closed) break;
      await within(this.#around.clock, this.#connect.requestTimeoutMs, 'metadata', refreshMetadata(this.#cluster)).catch(() => {});
      for (const queue of [...again, ...lane.ready.splice(0)]) {
        const found = this.#cluster.findTopicPartitionMetadata(queue.topic).find((p) => p.partitionId === queue.partition);
        if (found) queue.leader = found.leader;
        queue.listed = false;
        this.#list(queue);
      }
    }
    lane.running = false;
  }

  /** Queues for the next request, each with its batch cut, up to the request's size. They stay `listed` until it ended. */
  #take(lane: Lane): PartitionQueue[] {
    const taken: PartitionQueue[] = [];
    const now = this.#around.clock.monotonic();
    let bytes = 0;
    let used = 0;
    for (const queue of lane.ready) {
      if (lane.failures > 0 && now >= (queue.oldest?.deadline ?? Number.POSITIVE_INFINITY)) {
        this.#fail(queue, error('AORTA_LOG_001', { problem: 'the broker did not answer in time' }));
      }
      const batch = queue.cut();
      if (batch && taken.length > 0 && bytes + batch.bytes > this.#limits.maxRequestBytes) break;
      used++;
      if (!batch) {
        queue.listed = false;
        continue;
      }
      bytes += batch.bytes;
      taken.push(queue);
    }
    lane.ready.splice(0, used);
    return taken;
  }

  /** One request. Resolves with the queues whose batch must be sent again (also one that the answer leaves out). */
  async #attempt(lane: Lane, queues: readonly PartitionQueue[]): Promise<ReadonlySet<PartitionQueue>> {
    const again = new Set(queues);
    let results: readonly ProduceResult[];
    try {
      if (lane.leader === -1) throw error('AORTA_LOG_001', { problem: 'the partition has no leader' });
      this.#identity ??= this.#newIdentity();
      const identity = await this.#identity;
      const partitions = queues.map((queue) => ({ topic: queue.topic, partition: queue.partition, batch: this.#encoded(queue, identity) }));
      const broker = await this.#cluster.findBroker({ nodeId: lane.leader });
      for (const queue of queues) (queue.batch as Batch).uncertain = true;
      const pair = produceRequest(partitions, Math.max(1000, this.#connect.requestTimeoutMs - 1000));
      results = await broker.connectionPool.send(pair).catch(async (thrown: unknown) => {
        // A connection without an answer may be dead without knowing it: the next attempt opens a new one.
        await broker.disconnect().catch(() => {});
        throw thrown;
      });
    } catch (thrown) {
      const now = this.#around.clock.monotonic();
      for (const queue of queues) {
        if (isPassing(thrown) && now < (queue.oldest as Call).deadline) continue;
        const options = isPassing(thrown) ? { cause: thrown } : { cause: thrown, class: 'Permanent' as const };
        this.#fail(queue, error('AORTA_LOG_001', { problem: reasonOf(thrown) }, options));
        again.delete(queue);
      }
      return again;
    }
    const asked = new Map(queues.map((queue) => [`${queue.topic}/${queue.partition}`, queue]));
    for (const result of results) {
      const queue = asked.get(`${result.topic}/${result.partition}`);
      if (queue && !this.#settle(queue, result)) again.delete(queue);
    }
    return again;
  }

  #encoded(queue: PartitionQueue, identity: Identity): Buffer {
    const batch = queue.batch as Batch;
    if (batch.encoded) return batch.encoded;
    if (queue.producerId !== identity.producerId) {
      queue.producerId = identity.producerId;
      queue.sequence = 0;
    }
    const own: BatchIdentity = { ...identity, sequence: queue.sequence };
    batch.identity = own;
    batch.encoded = encodeBatch(batch.records, batch.payloads, own, this.#around.clock.now(), this.#limits.compression);
    return batch.encoded;
  }

  /** True when the batch must be sent again. */
  #settle(queue: PartitionQueue, result: ProduceResult): boolean {
    const batch = queue.batch as Batch;
    const { errorCode } = result;
    if (errorCode === code.none) {
      queue.batch = undefined;
      queue.sequence = (queue.sequence + batch.records.length) % wrap;
      const { calls, slots, payloads } = batch;
      const { partition } = queue;
      let bytes = 0;
      for (let i = 0; i < calls.length; i++) {
        bytes += payloads[i] as number;
        (calls[i] as Call).done(slots[i] as number, partition, result.baseOffset + i);
      }
      this.#buffered -= bytes;
      return false;
    }
    // The broker answered: except for these two, nothing of the batch is in the log.
    batch.uncertain = errorCode === code.requestTimedOut || errorCode === code.notEnoughReplicasAfterAppend;
    if (errorCode === code.messageTooLarge || errorCode === code.recordListTooLarge) {
      if (batch.records.length > 1) queue.split();
      else this.#fail(queue, error('AORTA_LOG_007', { topic: queue.topic, size: batch.bytes, limit: 'max.message.bytes' }));
      return false;
    }
    const lostState =
      errorCode === code.outOfOrderSequence || errorCode === code.unknownProducerId || errorCode === code.invalidProducerEpoch;
    if (lostState || errorCode === code.duplicateSequence) batch.uncertain = true;
    else if (isPassingCode(errorCode) && this.#around.clock.monotonic() < (queue.oldest as Call).deadline) return true;
    const transient = batch.uncertain || isPassingCode(errorCode);
    this.#fail(queue, error('AORTA_LOG_001', { problem: nameOfCode(errorCode) }, { class: transient ? 'Transient' : 'Permanent' }));
    if (errorCode === code.unknownTopicOrPartition) this.#topics.delete(queue.topic);
    return false;
  }

  /** Gives the batch up; a passing failure takes along what waits behind it. */
  #fail(queue: PartitionQueue, reason: AortaError): void {
    const batch = queue.batch;
    queue.batch = undefined;
    if (batch) {
      for (let i = 0; i < batch.calls.length; i++) {
        (batch.calls[i] as Call).fail(reason);
        this.#buffered -= batch.payloads[i] as number;
      }
      if (batch.uncertain) {
        // The log may hold the batch under this sequence: the next one must not look like its repetition.
        this.#identity = undefined;
        this.#resets.inc();
      }
    }
    if (reason.class === 'Transient') this.#buffered -= queue.failWaiting(reason);
  }

  async #newIdentity(): Promise<Identity> {
    try {
      const { clock } = this.#around;
      await within(clock, this.#connect.requestTimeoutMs, 'connect', this.#cluster.connect());
      await this.#cluster.refreshMetadataIfNecessary();
      const broker = await this.#cluster.findControllerBroker();
      const { producerId, producerEpoch } = await broker.initProducerId({ transactionTimeout: 60_000 });
      return { producerId: BigInt(producerId), producerEpoch };
    } catch (thrown) {
      this.#identity = undefined;
      throw thrown;
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#around.clock.after(ms, resolve));
  }
}
