/**
 * Sends what waits in the partition queues: one request on its way per broker, one batch per partition.
 *
 * - A batch keeps its producer id and sequence through retries: the broker drops what it already has.
 * - A batch given up without an answer is rejected with everything that waits behind it (so that the callers can repeat
 *   in order), and a new producer id is taken before the next send: `aorta_log_producer_resets_total`.
 */
import { type AortaError, error } from '../../errors/index.ts';
import type { Counter } from '../../telemetry/port.ts';
import { type Connect, refreshMetadata, type Surroundings } from './cluster.ts';
import type { Cluster } from './internals.ts';
import type { Batch, Call, PartitionQueue } from './partitionQueue.ts';
import { backoff, isPassing, reasonOf, within } from './problems.ts';
import { code, isPassingCode, nameOfCode, type ProduceResult, produceRequest } from './protocol.ts';
import type { Compression } from './records/compression.ts';
import { EncodedBatch } from './records/encode.ts';

export interface SenderSources {
  readonly cluster: Cluster;
  readonly connect: Connect;
  readonly around: Surroundings;
  readonly compression: Compression;
  /** Bytes of one request, over all partitions of a broker. */
  readonly maxRequestBytes: number;
  /** Payload bytes that left the queues, written or given up. */
  onFreed(bytes: number): void;
  /** The broker does not know the topic (any more). */
  onUnknownTopic(topic: string): void;
}

/** All partitions led by one broker. */
interface Lane {
  readonly leader: number;
  ready: PartitionQueue[];
  running: boolean;
  failures: number;
  /** Memory of the last request, which nobody looks at any more. */
  spare: Buffer | undefined;
}

interface Identity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** Memory of requests is made in these steps, so that those of similar sizes share it. */
const spareStep = 64 << 10;
/** Most that a lane keeps between requests. */
const maxSpareBytes = 4 << 20;

/** Sequences are int32 and wrap to 0. */
const wrap = 2 ** 31;

export class Sender {
  readonly #from: SenderSources;
  readonly #lanes = new Map<number, Lane>();
  readonly #resets: Counter;
  readonly #retries: Counter;
  #identity: Promise<Identity> | undefined;
  #closed = false;

  constructor(from: SenderSources) {
    this.#from = from;
    const { telemetry } = from.around;
    this.#resets = telemetry.counter('aorta_log_producer_resets_total', 'New producer ids taken after an append without an answer.');
    this.#retries = telemetry.counter('aorta_log_append_retries_total', 'Produce requests that were repeated.');
  }

  /** Nothing is sent any more; what waits is the caller's to reject. */
  close(): void {
    this.#closed = true;
  }

  /** Puts a queue that has records, and is not `listed`, in the line of its leader. */
  list(queue: PartitionQueue): void {
    let lane = this.#lanes.get(queue.leader);
    if (!lane) {
      lane = { leader: queue.leader, ready: [], running: false, failures: 0, spare: undefined };
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
        if (queue.waiting) this.list(queue);
      }
      if (again.size === 0) {
        lane.failures = 0;
        continue;
      }
      this.#retries.inc();
      await this.#sleep(backoff(this.#from.around.random, lane.failures++, 20, 1000));
      if (this.#closed) break;
      await within(this.#from.around.clock, this.#from.connect.requestTimeoutMs, 'metadata', refreshMetadata(this.#from.cluster)).catch(
        () => {},
      );
      for (const queue of [...again, ...lane.ready.splice(0)]) {
        const found = this.#from.cluster.findTopicPartitionMetadata(queue.topic).find((p) => p.partitionId === queue.partition);
        if (found) queue.leader = found.leader;
        queue.listed = false;
        this.list(queue);
      }
    }
    lane.running = false;
  }

  /** Queues for the next request, each with its batch cut, up to the request's size. They stay `listed` until it ended. */
  #take(lane: Lane): PartitionQueue[] {
    const taken: PartitionQueue[] = [];
    const now = this.#from.around.clock.monotonic();
    let bytes = 0;
    let used = 0;
    for (const queue of lane.ready) {
      if (lane.failures > 0 && now >= (queue.oldest?.deadline ?? Number.POSITIVE_INFINITY)) {
        this.#fail(queue, error('AORTA_LOG_001', { problem: 'the broker did not answer in time' }));
      }
      const batch = queue.cut();
      if (batch && taken.length > 0 && bytes + batch.bytes > this.#from.maxRequestBytes) break;
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
    let memory: Buffer | undefined;
    let results: readonly ProduceResult[];
    try {
      if (lane.leader === -1) throw error('AORTA_LOG_001', { problem: 'the partition has no leader' });
      this.#identity ??= this.#newIdentity();
      const identity = await this.#identity;
      const partitions = queues.map((queue) => ({ topic: queue.topic, partition: queue.partition, batch: this.#encoded(queue, identity) }));
      const broker = await this.#from.cluster.findBroker({ nodeId: lane.leader });
      for (const queue of queues) (queue.batch as Batch).uncertain = true;
      const pair = produceRequest(partitions, Math.max(1000, this.#from.connect.requestTimeoutMs - 1000), (bytes) => {
        memory = lane.spare && lane.spare.length >= bytes ? lane.spare : Buffer.allocUnsafeSlow(Math.ceil(bytes / spareStep) * spareStep);
        lane.spare = undefined;
        return memory.subarray(0, bytes);
      });
      results = await broker.connectionPool.send(pair).catch(async (thrown: unknown) => {
        // A connection without an answer may be dead without knowing it: the next attempt opens a new one.
        await broker.disconnect().catch(() => {});
        throw thrown;
      });
    } catch (thrown) {
      const now = this.#from.around.clock.monotonic();
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
    // The broker has all of it, so the socket has none; and what must be sent again is copied.
    for (const queue of again) queue.batch?.encoded?.own();
    if (memory && memory.length <= maxSpareBytes) lane.spare = memory;
    return again;
  }

  #encoded(queue: PartitionQueue, identity: Identity): EncodedBatch {
    const batch = queue.batch as Batch;
    if (batch.encoded) return batch.encoded;
    if (queue.producerId !== identity.producerId) {
      queue.producerId = identity.producerId;
      queue.sequence = 0;
    }
    const own = { ...identity, sequence: queue.sequence };
    batch.encoded = new EncodedBatch(batch.records, batch.payloads, own, this.#from.around.clock.now(), this.#from.compression);
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
      this.#from.onFreed(bytes);
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
    else if (isPassingCode(errorCode) && this.#from.around.clock.monotonic() < (queue.oldest as Call).deadline) return true;
    const transient = batch.uncertain || isPassingCode(errorCode);
    this.#fail(queue, error('AORTA_LOG_001', { problem: nameOfCode(errorCode) }, { class: transient ? 'Transient' : 'Permanent' }));
    if (errorCode === code.unknownTopicOrPartition) this.#from.onUnknownTopic(queue.topic);
    return false;
  }

  /** Gives the batch up; a passing failure takes along what waits behind it. */
  #fail(queue: PartitionQueue, reason: AortaError): void {
    const batch = queue.batch;
    queue.batch = undefined;
    if (batch) {
      for (let i = 0; i < batch.calls.length; i++) {
        (batch.calls[i] as Call).fail(reason);
        this.#from.onFreed(batch.payloads[i] as number);
      }
      if (batch.uncertain) {
        // The log may hold the batch under this sequence: the next one must not look like its repetition.
        this.#identity = undefined;
        this.#resets.inc();
      }
    }
    if (reason.class === 'Transient') this.#from.onFreed(queue.failWaiting(reason));
  }

  async #newIdentity(): Promise<Identity> {
    try {
      const { clock } = this.#from.around;
      await within(clock, this.#from.connect.requestTimeoutMs, 'connect', this.#from.cluster.connect());
      await this.#from.cluster.refreshMetadataIfNecessary();
      const broker = await this.#from.cluster.findControllerBroker();
      const { producerId, producerEpoch } = await broker.initProducerId({ transactionTimeout: 60_000 });
      return { producerId: BigInt(producerId), producerEpoch };
    } catch (thrown) {
      this.#identity = undefined;
      throw thrown;
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#from.around.clock.after(ms, resolve));
  }
}
