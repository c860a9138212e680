import { error } from '../../errors/index.ts';
import type { Database } from '../../sqlite/database.ts';
import type { Writer } from '../../sqlite/jobs.ts';
import type { TopicSpec } from '../port.ts';
import { lastSlot } from './slot.ts';

/** A stored topic; its partitions have the slots from `firstSlot` on, in order. */
export interface StoredTopic {
  readonly name: string;
  readonly partitions: number;
  readonly retentionMs: number;
  readonly compacted: boolean;
  readonly firstSlot: number;
}

const select = `SELECT name, partitions, retention_ms, compacted, (SELECT min(slot) FROM aorta_partition p WHERE p.topic = t.name) AS first_slot
  FROM aorta_topic t`;

interface TopicRow {
  readonly name: string;
  readonly partitions: number;
  readonly retention_ms: number;
  readonly compacted: number;
  readonly first_slot: number;
}

const stored = (row: TopicRow): StoredTopic => ({
  name: row.name,
  partitions: row.partitions,
  retentionMs: row.retention_ms,
  compacted: row.compacted === 1,
  firstSlot: row.first_slot,
});

/** In the writer thread; AORTA_LOG_002 for an unknown topic. */
export function topicInWriter(writer: Writer, name: string): StoredTopic {
  const memoKey = `topic ${name}`;
  const known = writer.memo.get(memoKey) as StoredTopic | undefined;
  if (known) return known;
  const row = writer.prepare(`${select} WHERE name = ?`).get(name) as TopicRow | undefined;
  if (!row) throw error('AORTA_LOG_002', { topic: name });
  const topic = stored(row);
  writer.memo.set(memoKey, topic);
  return topic;
}

export const allTopicsInWriter = (writer: Writer): readonly StoredTopic[] =>
  (writer.prepare(`${select} ORDER BY name`).all() as unknown as TopicRow[]).map(stored);

/** On the main thread; AORTA_LOG_002 for an unknown topic. */
export function topicInReader(database: Database, name: string): StoredTopic {
  const topic = topicIfKnown(database, name);
  if (!topic) throw error('AORTA_LOG_002', { topic: name });
  return topic;
}

export function topicIfKnown(database: Database, name: string): StoredTopic | undefined {
  const row = database.read<TopicRow>(`${select} WHERE name = ?`, [name])[0];
  return row && stored(row);
}

/**
 * Job: creates what is missing. A topic that exists keeps its partition count (AORTA_LOG_004) and its kind
 * (AORTA_LOG_009); its retention is raised to the declared one, never cut.
 */
export function ensure(writer: Writer, specs: readonly TopicSpec[]): null {
  for (const spec of specs) {
    const found = writer.prepare(`${select} WHERE name = ?`).get(spec.name) as TopicRow | undefined;
    if (found) accept(writer, spec, stored(found));
    else create(writer, spec);
    writer.memo.delete(`topic ${spec.name}`);
  }
  return null;
}

function accept(writer: Writer, spec: TopicSpec, topic: StoredTopic): void {
  if (topic.partitions !== spec.partitions) {
    throw error('AORTA_LOG_004', { topic: spec.name, found: topic.partitions, wanted: spec.partitions });
  }
  if (topic.compacted !== (spec.compacted ?? false)) {
    const policy = (compacted: boolean) => (compacted ? 'compact' : 'delete');
    throw error('AORTA_LOG_009', { topic: spec.name, actual: policy(topic.compacted), declared: policy(spec.compacted ?? false) });
  }
  if (topic.retentionMs < spec.retentionMs)
    writer.prepare('UPDATE aorta_topic SET retention_ms = ? WHERE name = ?').run(spec.retentionMs, spec.name);
}

function create(writer: Writer, spec: TopicSpec): void {
  const { last } = writer.prepare('SELECT coalesce(max(slot), 0) AS last FROM aorta_partition').get() as { last: number };
  if (last + spec.partitions > lastSlot) {
    throw error('AORTA_LOG_015', { topic: spec.name, problem: `the embedded log holds ${lastSlot} partitions in all` });
  }
  writer
    .prepare('INSERT INTO aorta_topic (name, partitions, retention_ms, compacted) VALUES (?, ?, ?, ?)')
    .run(spec.name, spec.partitions, spec.retentionMs, spec.compacted ? 1 : 0);
  const insert = writer.prepare(
    'INSERT INTO aorta_partition (slot, topic, partition, start_offset, end_offset, cleaned_offset) VALUES (?, ?, ?, 0, 0, 0)',
  );
  for (let partition = 0; partition < spec.partitions; partition++) insert.run(last + 1 + partition, spec.name, partition);
}
