import type { Clock } from '../../clock/clock.ts';
import { error } from '../../errors/index.ts';
import type { Database } from '../../sqlite/database.ts';
import { encodeHeaders } from '../../sqlite/headers.ts';
import { silentTelemetry, type Telemetry } from '../../telemetry/port.ts';
import type { Append, Appended, Commit, Log, LogConsumer } from '../port.ts';
import { checkTopic } from '../retention.ts';
import { keepClean } from './cleaning.ts';
import { committed } from './commits.ts';
import { sqliteConsumer } from './consumer.ts';
import { hubOf } from './hub.ts';
import { partitionRows, readRecords } from './records.ts';
import { type StoredTopic, topicIfKnown, topicInReader } from './topics.ts';

export interface SqliteLogOptions {
  /** Shared with the other adapters of the embedded profile; not closed by the log. */
  readonly database: Database;
  readonly clock: Clock;
  readonly telemetry?: Telemetry;
}

/**
 * The embedded Log: partitions, offsets, consumer groups, retention and compaction as in Kafka, in the process's own
 * SQLite file. Appends and commits are jobs of the writer thread (appends.ts, commits.ts); records are read on the main
 * thread (records.ts) and pushed to consumers (consumer.ts), whose groups live in the process (membership.ts): there is
 * one process, so there is no session to lose, and a group starts empty with it.
 *
 * Failures: those of the database (see src/sqlite/database.ts); AORTA_LOG_002 unknown topic, 003/004/009/015 a topic
 * or partition that cannot be, 005 a commit by a consumer that gave the partition up, 016 closed.
 */
export function createSqliteLog({ database, clock, telemetry = silentTelemetry }: SqliteLogOptions): Log {
  const hub = hubOf(database, clock);
  const topics = database.jobs<typeof import('./topics.ts')>(new URL('./topics.ts', import.meta.url));
  const appends = database.jobs<typeof import('./appends.ts')>(new URL('./appends.ts', import.meta.url));
  const commits = database.jobs<typeof import('./commits.ts')>(new URL('./commits.ts', import.meta.url));
  const stopCleaning = keepClean(database, clock, telemetry);
  const consumers = new Set<LogConsumer>();
  const known = new Map<string, StoredTopic>();
  let closing: Promise<void> | undefined;

  const open = (operation: string) => {
    if (closing) throw error('AORTA_LOG_016', { operation });
  };
  const topicOf = (name: string): StoredTopic => {
    const topic = known.get(name) ?? topicInReader(database, name);
    known.set(name, topic);
    return topic;
  };
  const slotOf = (name: string, partition: number): number => {
    const topic = topicOf(name);
    if (partition < 0 || partition >= topic.partitions)
      throw error('AORTA_LOG_015', { topic: name, problem: `there is no partition ${partition}` });
    return topic.firstSlot + partition;
  };

  return {
    kind: 'sqlite',
    async ensureTopics(specs) {
      open('ensureTopics');
      for (const spec of specs) checkTopic(spec);
      await topics('ensure', () =>
        specs.map(({ name, partitions, retentionMs, compacted = false }) => ({ name, partitions, retentionMs, compacted })),
      );
      for (const { name } of specs) known.delete(name);
    },
    async keeping(names) {
      open('keeping');
      const kept = names.flatMap((name) => {
        const topic = topicIfKnown(database, name);
        if (!topic) return [];
        const retentionMs = topic.compacted ? Number.POSITIVE_INFINITY : topic.retentionMs;
        return [[name, { retentionMs, retentionBytes: Number.POSITIVE_INFINITY }] as const];
      });
      return new Map(kept);
    },
    async partitions(topic) {
      open('partitions');
      return topicOf(topic).partitions;
    },
    async append(records) {
      open('append');
      if (records.length === 0) return [];
      const now = clock.now();
      const flat = await appends('append', (pack) =>
        records.map(({ topic, partition, key, value, headers, timestamp }: Append) => [
          topic,
          partition ?? null,
          key instanceof Uint8Array ? pack(key) : key,
          value === null ? null : pack(value),
          encodeHeaders(headers),
          timestamp ?? now,
        ]),
      );
      const appended: Appended[] = records.map((_, index) => ({
        partition: flat[index * 2] as number,
        offset: flat[index * 2 + 1] as number,
      }));
      // Offsets rise within the call: the last record of each partition has its end.
      const ends = new Map<string, { topic: string; partition: number; end: number }>();
      for (const [index, { partition, offset }] of appended.entries()) {
        const { topic } = records[index] as Append;
        ends.set(`${partition}/${topic}`, { topic, partition, end: offset + 1 });
      }
      for (const { topic, partition, end } of ends.values()) hub.appended(topic, partition, end);
      return appended;
    },
    consumer(options) {
      open('consumer');
      const commit = async (group: string, offsets: readonly Commit[]) => {
        await commits('commit', () => ({
          group,
          offsets: offsets.map(({ topic, partition, offset, metadata = '' }) => ({ topic, partition, offset, metadata })),
        }));
      };
      const consumer = sqliteConsumer({ database, hub, clock, telemetry, topicOf, commit }, options);
      consumers.add(consumer);
      return consumer;
    },
    async ends(topic) {
      open('ends');
      topicOf(topic);
      return partitionRows(database, topic).map(({ partition, start, end }) => ({ topic, partition, start, end }));
    },
    async committed(group, topic) {
      open('committed');
      return committed(database, group, topic);
    },
    async read({ topic, partition }, from, limit) {
      open('read');
      return readRecords(database, slotOf(topic, partition), from, limit, Number.POSITIVE_INFINITY);
    },
    async ping() {
      open('ping');
      await database.ping();
    },
    close() {
      closing ??= (async () => {
        stopCleaning();
        await Promise.all([...consumers].map((consumer) => consumer.stop()));
      })();
      return closing;
    },
  };
}
