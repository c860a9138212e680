/**
 * Port **Log**: an ordered, partitioned, durable log with consumer groups. Adapters: kafka/ (Apache Kafka), sqlite/
 * (embedded). `test/log/conformance.ts` is the one suite that both pass.
 *
 * Invariants an adapter keeps:
 * - `append` resolves only when every record is durable (Kafka: acks=all; SQLite: fsync).
 * - Two `append` calls for one partition keep their order of calling, also through internal retries.
 * - Records of a partition are delivered in offset order, each at most once per assignment.
 * - `onRevoked` is awaited while the old generation may still commit; afterwards nothing of it is delivered.
 * - After `pause(tp)`, at most what one fetch already held is still delivered; other partitions go on.
 */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Bytes, or a text that stands for its bytes in UTF-8. */
export type HeaderValue = Buffer | string;
export type Headers = Readonly<Record<string, HeaderValue | undefined>>;

/**
 * What `onRecords` delivers may be views of all that was read with it: one record keeps the whole in memory. Who keeps one for
 * longer than a moment copies its bytes (slabs.ts). What `read` gives is the caller's own.
 */
export interface LogRecord {
  readonly offset: number;
  /** Milliseconds since 1970, set by the producer. */
  readonly timestamp: number;
  /** A string only where its UTF-8 bytes are those of the key. */
  readonly key: HeaderValue | null;
  readonly value: Buffer | null;
  readonly headers: Headers;
}

export interface Append {
  readonly topic: string;
  /** Set only where the caller must choose; otherwise murmur2 of the key, as the Java client does. */
  readonly partition?: number;
  readonly key: Buffer | string | null;
  readonly value: Buffer | null;
  readonly headers?: Headers;
  readonly timestamp?: number;
}

export interface Appended {
  readonly partition: number;
  readonly offset: number;
}

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  /** Milliseconds; at least 7 days, 30 for dead letters (a shorter one is refused: AORTA_LOG_*). */
  readonly retentionMs: number;
  readonly compacted?: boolean;
}

/** What a topic keeps; `Infinity`: no limit. */
export interface Keeping {
  readonly retentionMs: number;
  /** Of one partition. A limit in bytes can remove records before their time. */
  readonly retentionBytes: number;
}

export interface PartitionEnds extends TopicPartition {
  /** First offset still held. */
  readonly start: number;
  /** Offset that the next append will get. */
  readonly end: number;
}

export interface Commit extends TopicPartition {
  /** The next offset to read. */
  readonly offset: number;
  /** At most 4096 bytes; a hint only. */
  readonly metadata?: string;
  /**
   * The assignment the work was done under, as `onAssigned` gave it. A commit for an earlier one is refused (Fenced),
   * also when the partition has come back to this consumer since.
   */
  readonly generation?: number;
}

export interface ConsumerHandlers {
  /**
   * The whole assignment under `generation` (rises with every assignment of this consumer). Delivery starts when the
   * promise resolves, at the returned offset; without one, at the committed offset, else at the start of the log.
   */
  onAssigned(partitions: readonly TopicPartition[], generation: number): Promise<readonly Commit[]>;
  /** Awaited before the partitions are given up. Commits still work inside. */
  onRevoked(partitions: readonly TopicPartition[]): Promise<void>;
  /** The partitions are already gone (session expired): discard without commit. */
  onLost(partitions: readonly TopicPartition[]): void;
  /** Records of one partition, in order. Must not throw; returns at once. `end` is the log's end when known. */
  onRecords(partition: TopicPartition, records: readonly LogRecord[], end: number): void;
  /**
   * Asked by an adapter that reads over the network before each read: while it says no, nothing is read, and it is asked
   * again some milliseconds later. It bounds all partitions together; `pause` bounds one.
   */
  wantsMore?(): boolean;
  /**
   * With `willRestart` the consumer is down and restarting (jittered). Without, it goes on but one partition has stopped:
   * its next batch cannot be read (AORTA_LOG_010, details hold topic and partition).
   */
  onError(error: Error, willRestart: boolean): void;
}

export interface ConsumerOptions extends ConsumerHandlers {
  readonly group: string;
  readonly topics: readonly string[];
  /** Milliseconds without heartbeat after which the group takes the partitions away. Default 30 000. */
  readonly sessionTimeoutMs?: number;
  /** Milliseconds the group waits for members that drain during a rebalance. Default 60 000. */
  readonly rebalanceTimeoutMs?: number;
}

export interface LogConsumer {
  start(): Promise<void>;
  /** Revokes (awaiting `onRevoked`), leaves the group, disconnects. Idempotent. */
  stop(): Promise<void>;
  pause(partition: TopicPartition): void;
  resume(partition: TopicPartition): void;
  /** Rejects if the generation is no longer current (class `Fenced`) or the log is unreachable (`Transient`). */
  commit(offsets: readonly Commit[]): Promise<void>;
  /** Milliseconds since the last sign of life that the group has acknowledged; left out where no group can take partitions away. */
  heartbeatAgeMs?(): number;
}

export interface Log {
  readonly kind: 'kafka' | 'sqlite' | 'memory';
  /**
   * Creates what is missing; refuses a shorter retention than the minimum and a partition count that differs. A topic that
   * exists and keeps less than is asked for is used as it is, and told of in the log (retention.ts, drift).
   */
  ensureTopics(topics: readonly TopicSpec[]): Promise<void>;
  /** What each of these topics keeps; unknown ones are left out. */
  keeping(topics: readonly string[]): Promise<ReadonlyMap<string, Keeping>>;
  /** Partition count of a topic; rejects for an unknown one. */
  partitions(topic: string): Promise<number>;
  /** Durable, ordered per partition. Rejects as a whole (some records may have been written: duplicates carry `aorta-seq`). */
  append(records: readonly Append[]): Promise<readonly Appended[]>;
  consumer(options: ConsumerOptions): LogConsumer;
  ends(topic: string): Promise<readonly PartitionEnds[]>;
  /** Committed offset of each partition that has one. */
  committed(group: string, topic: string): Promise<ReadonlyMap<number, number>>;
  /** Records of one partition from an offset on, outside any group (tail, trace, tests). */
  read(partition: TopicPartition, from: number, limit: number): Promise<readonly LogRecord[]>;
  /** Rejects when the log cannot be reached. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Names of the record headers that every record of ours carries. */
export const header = {
  eventId: 'eventId',
  /** `flow/sourcePartition/seq`, rising per target partition: drops what a producer sent twice. */
  seq: 'aorta-seq',
  traceparent: 'traceparent',
  /** The one flow that the record is for; all others pass it over. */
  onlyFlow: 'aorta-only-flow',
  /** On a dead letter of an independent lane's input: a record with it goes straight into that lane. */
  lane: 'aorta-lane',
  /** How often it was a dead letter and came back. */
  redrives: 'aorta-redrives',
} as const;
