import type { Database } from '../../sqlite/database.ts';
import type { Writer } from '../../sqlite/jobs.ts';
import type { Commit } from '../port.ts';

/** Job: the group's next offsets. */
export function commit(writer: Writer, { group, offsets }: { readonly group: string; readonly offsets: readonly Commit[] }): null {
  const upsert = writer.prepare(`INSERT INTO aorta_commit (consumer_group, topic, partition, next_offset, metadata) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (consumer_group, topic, partition) DO UPDATE SET next_offset = excluded.next_offset, metadata = excluded.metadata`);
  for (const { topic, partition, offset, metadata } of offsets) upsert.run(group, topic, partition, offset, metadata ?? '');
  return null;
}

/** Committed offsets of a topic's partitions. */
export function committed(database: Database, group: string, topic: string): ReadonlyMap<number, number> {
  const rows = database.read<{ partition: number; next_offset: number }>(
    'SELECT partition, next_offset FROM aorta_commit WHERE consumer_group = ? AND topic = ? ORDER BY partition',
    [group, topic],
  );
  return new Map(rows.map((row) => [row.partition, row.next_offset]));
}
