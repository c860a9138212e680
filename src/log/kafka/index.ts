/**
 * The Log on Apache Kafka (2.4 to 4.x), by kafkajs 2.2.4, which is pinned and of which only the connection, metadata,
 * request and join layers are used. The producing, fetching and consumer loops are ours, because the library's lose data
 * or stall. What is neutralised, and where:
 *
 * K1  no heartbeat while a handler runs             → timer while partitions are held                  membership.ts
 * K2  old work committed under a new generation      → a commit carries generation and member           membership.ts, consumer.ts
 * K3  two handlers of one partition after a rebalance → join only after onRevoked/onLost has ended      consumer.ts
 * K4  commits after stop dropped, errors swallowed   → drain, commit, read back, leave; `stop` rejects  consumer.ts
 * K7  fetch waits for processing                     → fetch overlaps, pause and resume per partition    fetcher.ts
 * K9  idempotence broken after a time-out            → one request in flight, new producer id           producer.ts
 * K10 codecs missing, unreadable batches loop        → all codecs, coded error, partition stops loudly   records/, fetcher.ts
 * K11 dead after a crash                             → supervised restart, jittered, counted             consumer.ts
 * K12 quiet partitions look seconds slow             → maxWaitMs 250 by default, at most 500             here
 * K13 idle timers at full speed                      → timer only while something waits                  idle.ts
 * K14 sockets opened beside each other, never closed → one connect at a time                          connecting.ts
 *
 * Limits that stay, because the library's protocol versions end there:
 * K5  Eager rebalances: everybody stops for the moment of a join. Kept short (heartbeats every 500 ms) and sticky
 *     (assigner.ts: a member keeps its partitions, and equal partitions of several topics stay together).
 * K6  No static membership (no group.instance.id): a restarted worker is a new member, so a rolling restart rebalances
 *     twice per worker.
 * K8  No transactions: exactly once comes from the applied set in the database, never from Kafka.
 *
 * Fetches read committed records only and check every batch's CRC. An offset below the log's start goes on at the start
 * (`aorta_log_expired_records_total`); one above its end ends the assignment (AORTA_LOG_013).
 */
import { systemClock, systemRandom } from '../../clock/system.ts';
import { error } from '../../errors/index.ts';
import { silentTelemetry } from '../../telemetry/port.ts';
import type { Append, Appended, ConsumerOptions, Log, LogConsumer } from '../port.ts';
import type { Connect, Sasl, Surroundings, Tls } from './cluster.ts';
import { connectOnce } from './connecting.ts';
import { KafkaConsumer } from './consumer.ts';
import { fetchLimits } from './fetchLimits.ts';
import { quietIdleQueues } from './idle.ts';
import { checkInternals, type OpenSocket } from './internals.ts';
import { Producer } from './producer.ts';
import { Questions } from './questions.ts';
import { takeWholeAnswers } from './reading.ts';
import type { Compression } from './records/compression.ts';

export interface KafkaLogOptions extends Partial<Surroundings> {
  /** `host:port`, at least one. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly tls?: Tls;
  readonly sasl?: Sasl;
  readonly openSocket?: OpenSocket;
  /** Milliseconds a fetch waits for records, 100 to 500. Default 250. */
  readonly maxWaitMs?: number;
  /** Bytes of one fetch over all partitions, and of one partition in it; less with more than four consumers. Defaults 2 MiB and 1 MiB: a whole batch fits. */
  readonly maxFetchBytes?: number;
  readonly maxFetchBytesPerPartition?: number;
  /** Default none. */
  readonly compression?: Compression;
  /** Bytes of one partition's batch. Default 900,000. */
  readonly maxBatchBytes?: number;
  /** Bytes of one record. Default 1,000,000, which a broker with default settings takes. */
  readonly maxRecordBytes?: number;
  /** Bytes that wait for the brokers before `append` rejects with Overload. Default 64 MiB. */
  readonly maxBufferedBytes?: number;
  /** Milliseconds an append is tried. Default 30,000. */
  readonly appendTimeoutMs?: number;
  /** Milliseconds for one request. Default 10,000. */
  readonly requestTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
  /** Milliseconds for a question (ends, committed, read, ping, topics). Default 15,000. */
  readonly questionTimeoutMs?: number;
  /** Milliseconds a commit is tried. Default 10,000. */
  readonly commitTimeoutMs?: number;
  /** Default 500; never above a quarter of the session time-out. */
  readonly heartbeatMs?: number;
  /** Of new topics; the broker's default when absent. */
  readonly replicationFactor?: number;
  readonly minInSyncReplicas?: number;
}

export function createKafkaLog(options: KafkaLogOptions): Log {
  checkInternals();
  quietIdleQueues();
  connectOnce();
  takeWholeAnswers();
  const { maxWaitMs = 250, requestTimeoutMs = 10_000, brokers, clientId, tls, sasl, openSocket } = options;
  if (!(maxWaitMs >= 100 && maxWaitMs <= 500))
    throw error('AORTA_LOG_018', { option: 'maxWaitMs', problem: `${maxWaitMs} is not within 100 and 500` });
  if (brokers.length === 0) throw error('AORTA_LOG_018', { option: 'brokers', problem: 'no broker is named' });
  const around: Surroundings = {
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    telemetry: options.telemetry ?? silentTelemetry,
  };
  const connect: Connect = {
    brokers,
    clientId,
    requestTimeoutMs,
    connectTimeoutMs: options.connectTimeoutMs ?? 3000,
    ...(tls === undefined ? {} : { tls }),
    ...(sasl === undefined ? {} : { sasl }),
    ...(openSocket === undefined ? {} : { openSocket }),
  };
  const questions = new Questions(
    connect,
    {
      timeoutMs: options.questionTimeoutMs ?? 15_000,
      ...(options.replicationFactor === undefined ? {} : { replicationFactor: options.replicationFactor }),
      ...(options.minInSyncReplicas === undefined ? {} : { minInSyncReplicas: options.minInSyncReplicas }),
    },
    around,
  );
  const producer = new Producer(
    connect,
    {
      compression: options.compression ?? 'none',
      maxBatchBytes: options.maxBatchBytes ?? 900_000,
      maxRecordBytes: options.maxRecordBytes ?? 1_000_000,
      maxRequestBytes: 8 << 20,
      maxBufferedBytes: options.maxBufferedBytes ?? 64 << 20,
      appendTimeoutMs: options.appendTimeoutMs ?? 30_000,
    },
    around,
  );
  const consumers = new Set<KafkaConsumer>();
  const limits = fetchLimits(
    { maxWaitMs, maxBytes: options.maxFetchBytes ?? 2 << 20, maxBytesPerPartition: options.maxFetchBytesPerPartition ?? 1 << 20 },
    () => consumers.size,
  );
  let closing: Promise<void> | undefined;

  return {
    kind: 'kafka',
    ensureTopics: (topics) => questions.ensureTopics(topics),
    partitions: (topic) => questions.partitions(topic),
    keeping: (topics) => questions.keeping(topics),
    append: (records: readonly Append[]): Promise<readonly Appended[]> => producer.append(records),
    consumer(own: ConsumerOptions): LogConsumer {
      if (closing) throw error('AORTA_LOG_016', { operation: 'consumer' });
      const consumer = new KafkaConsumer(own, {
        connect,
        limits,
        around,
        heartbeatMs: options.heartbeatMs ?? 500,
        commitTimeoutMs: options.commitTimeoutMs ?? 10_000,
        ends: (tp) => questions.endsOf(tp),
        onStopped: () => consumers.delete(consumer),
      });
      consumers.add(consumer);
      return consumer;
    },
    ends: (topic) => questions.ends(topic),
    committed: (group, topic) => questions.committed(group, topic),
    read: (partition, from, limit) => questions.read(partition, from, limit),
    ping: () => questions.ping(),
    close() {
      closing ??= (async () => {
        const running = [...consumers].filter((consumer) => !consumer.stopping);
        const stopped = await Promise.allSettled(running.map((consumer) => consumer.stop()));
        await Promise.allSettled([...consumers].map((consumer) => consumer.stop()));
        await producer.close();
        await questions.close();
        for (const result of stopped) if (result.status === 'rejected') throw result.reason;
      })();
      return closing;
    },
  };
}
