/** Questions outside any group: partitions, ends, committed offsets, single reads, topics. Each ends within its time-out. */
import { AortaError, error } from '../../errors/index.ts';
import type { Keeping, LogRecord, PartitionEnds, TopicPartition, TopicSpec } from '../port.ts';
import { checkTopic, driftOf } from '../retention.ts';
import { Slabs } from '../slabs.ts';
import { askTopics, type Connect, closeCluster, followTopics, openCluster, refreshMetadata, type Surroundings } from './cluster.ts';
import type { Broker, Cluster } from './internals.ts';
import { isUnknown } from './metadata.ts';
import { backoff, isPassing, typeOf, unreachable, within } from './problems.ts';
import { code, fetchRequest, isPassingCode, nameOfCode } from './protocol.ts';
import { decodeBatches, UnreadableBatch } from './records/decode.ts';

export interface QuestionOptions {
  readonly timeoutMs: number;
  /** Copies of new topics; the broker's default when absent. */
  readonly replicationFactor?: number;
  readonly minInSyncReplicas?: number;
}

/** Timestamps that ListOffsets takes for the first and the next offset. */
const earliest = -2;
const latest = -1;
const topicResource = 2;
/** How often a topic that is not as the flow needs it is looked at before that is said. */
const differenceReads = 3;

/** What a topic has that the flow does not want: stops it, or is told of. */
interface Difference {
  readonly problem?: AortaError;
  readonly drift?: ReturnType<typeof driftOf>;
}

export class Questions {
  readonly #connect: Connect;
  readonly #options: QuestionOptions;
  readonly #around: Surroundings;
  readonly #cluster: Cluster;
  #closed = false;

  constructor(connect: Connect, options: QuestionOptions, around: Surroundings) {
    this.#connect = connect;
    this.#options = options;
    this.#around = around;
    this.#cluster = openCluster(connect, around.telemetry);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await closeCluster(this.#cluster, this.#around.clock, 1000);
  }

  partitions(topic: string): Promise<number> {
    return this.#ask(`partitions of ${topic}`, async () => (await this.#leaders(topic)).size);
  }

  ends(topic: string): Promise<readonly PartitionEnds[]> {
    return this.#ask(`ends of ${topic}`, async () => {
      const leaders = await this.#leaders(topic);
      const starts = new Map<number, number>();
      const ends = new Map<number, number>();
      for (const leader of new Set(leaders.values())) {
        const broker = await this.#cluster.findBroker({ nodeId: leader });
        const own = [...leaders].filter(([, node]) => node === leader).map(([partition]) => partition);
        for (const [timestamp, into] of [
          [earliest, starts],
          [latest, ends],
        ] as const) {
          const topics = [{ topic, partitions: own.map((partition) => ({ partition, timestamp })) }];
          const { responses } = await broker.listOffsets({ isolationLevel: 0, topics });
          for (const response of responses) for (const { partition, offset } of response.partitions) into.set(partition, Number(offset));
        }
      }
      return [...leaders.keys()]
        .sort((a, b) => a - b)
        .map((partition) => ({ topic, partition, start: starts.get(partition) ?? 0, end: ends.get(partition) ?? 0 }));
    });
  }

  async endsOf(tp: TopicPartition): Promise<PartitionEnds> {
    const found = (await this.ends(tp.topic)).find(({ partition }) => partition === tp.partition);
    if (!found) throw error('AORTA_LOG_015', { topic: tp.topic, problem: `it has no partition ${tp.partition}` });
    return found;
  }

  committed(group: string, topic: string): Promise<ReadonlyMap<number, number>> {
    return this.#ask(`committed offsets of ${group}`, async () => {
      const partitions = [...(await this.#leaders(topic)).keys()].map((partition) => ({ partition }));
      const coordinator = await this.#cluster.findGroupCoordinator({ groupId: group });
      const { responses } = await coordinator.offsetFetch({ groupId: group, topics: [{ topic, partitions }] });
      const offsets = new Map<number, number>();
      for (const response of responses)
        for (const { partition, offset } of response.partitions) if (Number(offset) >= 0) offsets.set(partition, Number(offset));
      return offsets;
    });
  }

  read(tp: TopicPartition, from: number, limit: number): Promise<readonly LogRecord[]> {
    return this.#ask(`records of ${tp.topic}/${tp.partition}`, async () => {
      const { start, end } = await this.endsOf(tp);
      const records: LogRecord[] = [];
      const slabs = new Slabs();
      let next = Math.max(from, start);
      while (next < end && records.length < limit) {
        const leader = (await this.#leaders(tp.topic)).get(tp.partition) ?? -1;
        const broker = await this.#cluster.findBroker({ nodeId: leader });
        const limits = { maxWaitMs: 100, maxBytes: 4 << 20, maxBytesPerPartition: 1 << 20 };
        const [answer] = await broker.connectionPool.send(fetchRequest([{ ...tp, offset: next }], limits));
        if (!answer || isPassingCode(answer.errorCode))
          throw error('AORTA_LOG_008', { operation: 'fetch', problem: nameOfCode(answer?.errorCode ?? code.leaderNotAvailable) });
        if (answer.errorCode !== code.none) throw error('AORTA_LOG_010', { ...tp, offset: next, problem: nameOfCode(answer.errorCode) });
        const decoded = this.#decode(tp, answer.batches, next, answer.aborted);
        for (const record of decoded.records) {
          if (records.length >= limit || record.offset >= end) break;
          records.push(slabs.ownRecord(record));
        }
        next = decoded.next;
      }
      return records;
    });
  }

  #decode(
    tp: TopicPartition,
    batches: Buffer,
    next: number,
    aborted: Parameters<typeof decodeBatches>[2],
  ): ReturnType<typeof decodeBatches> {
    try {
      return decodeBatches(batches, next, aborted);
    } catch (thrown) {
      if (!(thrown instanceof UnreadableBatch)) throw thrown;
      throw error('AORTA_LOG_010', { ...tp, offset: thrown.offset, problem: thrown.message }, { cause: thrown });
    }
  }

  ping(): Promise<void> {
    return this.#ask('ping', async () => {
      await this.#cluster.connect();
      await refreshMetadata(this.#cluster);
    });
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    for (const spec of specs) checkTopic(spec);
    if (specs.length === 0) return;
    await this.#ask('create topics', async () => {
      const found = await askTopics(
        this.#cluster,
        specs.map(({ name }) => name),
      );
      const unknown = new Set(found.filter(isUnknown).map(({ topic }) => topic));
      const fresh = specs.filter(({ name }) => unknown.has(name));
      if (fresh.length > 0) await this.#create(fresh);
    });
    for (const spec of specs) await this.#agreed(spec);
  }

  /** Others may be making the topic at the same moment: a difference counts when it is still there some reads later. */
  async #agreed(spec: TopicSpec): Promise<void> {
    const { clock, random, telemetry } = this.#around;
    for (let attempt = 1; ; attempt++) {
      const { problem, drift } = await this.#ask(`topic ${spec.name}`, () => this.#compare(spec), Number.POSITIVE_INFINITY);
      if (!problem && !drift) return;
      if (attempt < differenceReads) {
        await new Promise<void>((resolve) => void clock.after(backoff(random, attempt, 50, 1000), resolve));
        continue;
      }
      if (problem) throw problem;
      // Refusing it would stop the flow and save no record: it is shown, and somebody changes the topic.
      if (drift) telemetry.log('error', 'log.retention-drift', { topic: spec.name, ms: drift.retentionMs, code: 'AORTA_LOG_003' });
      return;
    }
  }

  async #create(specs: readonly TopicSpec[]): Promise<void> {
    const { replicationFactor = -1, minInSyncReplicas, timeoutMs } = this.#options;
    const topics = specs.map(({ name, partitions, retentionMs, compacted }) => ({
      topic: name,
      numPartitions: partitions,
      replicationFactor,
      configEntries: [
        { name: 'retention.ms', value: String(retentionMs) },
        { name: 'cleanup.policy', value: compacted ? 'compact' : 'delete' },
        ...(minInSyncReplicas === undefined ? [] : [{ name: 'min.insync.replicas', value: String(minInSyncReplicas) }]),
      ],
    }));
    await this.#cluster.refreshMetadataIfNecessary();
    const controller = await this.#cluster.findControllerBroker();
    try {
      await controller.createTopics({ topics, timeout: Math.min(timeoutMs, 10_000) });
    } catch (thrown) {
      const errors = (thrown as { errors?: { type?: string; topic?: string }[] }).errors ?? [thrown as { type?: string; topic?: string }];
      // Another instance may create the same topic at the same moment; the comparison that follows settles it.
      const problem = errors.find(({ type }) => type !== 'TOPIC_ALREADY_EXISTS');
      if (!problem) return;
      if (isPassing(problem)) throw problem;
      throw error(
        'AORTA_LOG_015',
        { topic: problem.topic ?? topics[0]?.topic ?? '', problem: problem.type ?? 'the broker refused it' },
        { cause: thrown },
      );
    }
  }

  /** Waits until the topic has leaders, then checks what exists against what the flow needs. */
  async #compare(spec: TopicSpec): Promise<Difference> {
    const [found] = await askTopics(this.#cluster, [spec.name]);
    if (!found || isUnknown(found)) throw error('AORTA_LOG_002', { topic: spec.name });
    const { errorCode, partitions } = found;
    if (errorCode === code.leaderNotAvailable || partitions.some(({ leader }) => leader === -1))
      throw error('AORTA_LOG_008', { operation: `topic ${spec.name}`, problem: 'a partition has no leader' });
    if (errorCode !== code.none) throw error('AORTA_LOG_015', { topic: spec.name, problem: nameOfCode(errorCode) });
    if (partitions.length !== spec.partitions)
      return { problem: error('AORTA_LOG_004', { topic: spec.name, found: partitions.length, wanted: spec.partitions }) };
    const config = await this.#config(spec.name);
    const policy = config.get('cleanup.policy') ?? 'delete';
    const declared = spec.compacted ? 'compact' : 'delete';
    if (policy !== declared) return { problem: error('AORTA_LOG_009', { topic: spec.name, actual: policy, declared }) };
    return { drift: driftOf(spec.name, spec.retentionMs, keepingOf(config)) };
  }

  keeping(topics: readonly string[]): Promise<ReadonlyMap<string, Keeping>> {
    return this.#ask('retention of topics', async () => {
      const kept = new Map<string, Keeping>();
      for (const topic of topics) {
        // Unknown to the broker: no entries, or an error of that one resource.
        const config = await this.#config(topic).catch((thrown) => {
          if (typeOf(thrown) === 'UNKNOWN_TOPIC_OR_PARTITION') return new Map<string, string>();
          throw thrown;
        });
        if (config.size > 0) kept.set(topic, keepingOf(config));
      }
      return kept;
    });
  }

  async #config(topic: string): Promise<ReadonlyMap<string, string>> {
    await this.#cluster.connect();
    const broker: Broker = await this.#cluster.brokerPool.findConnectedBroker();
    const resources = [{ type: topicResource, name: topic, configNames: ['retention.ms', 'retention.bytes', 'cleanup.policy'] }];
    const answer = await broker.describeConfigs({ resources, includeSynonyms: false });
    return new Map(
      answer.resources.flatMap(({ configEntries }) =>
        configEntries.map(({ configName, configValue }) => [configName, configValue] as const),
      ),
    );
  }

  /** Leader of each partition. */
  async #leaders(topic: string): Promise<ReadonlyMap<number, number>> {
    let gone: readonly string[] = [];
    if (!this.#cluster.targetTopics.has(topic) || !this.#cluster.isConnected()) gone = await followTopics(this.#cluster, [topic]);
    else await this.#cluster.refreshMetadataIfNecessary();
    if (gone.includes(topic)) throw error('AORTA_LOG_002', { topic });
    const partitions = this.#cluster.findTopicPartitionMetadata(topic);
    if (partitions.length === 0) throw error('AORTA_LOG_002', { topic });
    return new Map(partitions.map(({ partitionId, leader }) => [partitionId, leader]));
  }

  /**
   * Repeats `answer` through passing failures until the time-out; then AORTA_LOG_008. A topic made a moment ago may not
   * have reached every broker: an unknown one is asked for `unknownTries` times more.
   */
  async #ask<T>(operation: string, answer: () => Promise<T>, unknownTries = 2): Promise<T> {
    const { clock, random } = this.#around;
    const deadline = clock.monotonic() + this.#options.timeoutMs;
    for (let attempt = 0; ; attempt++) {
      if (this.#closed) throw error('AORTA_LOG_016', { operation });
      try {
        return await within(clock, Math.max(1, deadline - clock.monotonic()), operation, answer());
      } catch (thrown) {
        const retry = isPassing(thrown) || (thrown instanceof AortaError && thrown.code === 'AORTA_LOG_002' && attempt < unknownTries);
        const wait = backoff(random, attempt, 50, 1000);
        if (!retry || clock.monotonic() + wait >= deadline) throw isPassing(thrown) ? unreachable(operation, thrown) : thrown;
        await new Promise<void>((resolve) => void clock.after(wait, resolve));
        if (typeOf(thrown) !== undefined || !(thrown instanceof AortaError))
          await within(clock, this.#connect.requestTimeoutMs, 'metadata', refreshMetadata(this.#cluster)).catch(() => {});
      }
    }
  }
}

/** -1 is no limit; a compacted topic keeps the newest record of each key for ever. */
function keepingOf(config: ReadonlyMap<string, string>): Keeping {
  const compacted = config.get('cleanup.policy') === 'compact';
  const limit = (name: string): number => {
    const value = Number(config.get(name) ?? -1);
    return compacted || value < 0 ? Number.POSITIVE_INFINITY : value;
  };
  return { retentionMs: limit('retention.ms'), retentionBytes: limit('retention.bytes') };
}
