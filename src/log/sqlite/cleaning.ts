import type { Clock } from '../../clock/clock.ts';
import type { Database } from '../../sqlite/database.ts';
import type { Writer } from '../../sqlite/jobs.ts';
import type { Telemetry } from '../../telemetry/port.ts';
import { idEnd, idOf, offsetOf } from './slot.ts';
import { allTopicsInWriter } from './topics.ts';

/** Records looked at by one job: the writer's other callers wait no longer than this takes. */
const step = 1000;
/** Kafka's delete.retention.ms: a reader has this long to see that a key was removed. */
const tombstoneMs = 24 * 3600 * 1000;

interface Dirty {
  readonly slot: number;
  readonly start_offset: number;
  readonly end_offset: number;
  readonly cleaned_offset: number;
}

/**
 * Job: one step of pruning and compaction over all topics; answers whether another step would find work.
 *
 * Pruning follows Kafka: a prefix of the partition goes once all of it is older than the topic's retention; an old
 * timestamp behind a young one stays. Compaction keeps the newest record of each key for ever, and a key's removal
 * (a record without a value) for a day.
 */
export function clean(writer: Writer, { now }: { readonly now: number }): { readonly more: boolean; readonly removed: number } {
  let removed = 0;
  for (const topic of allTopicsInWriter(writer)) {
    const partitions = writer
      .prepare('SELECT slot, start_offset, end_offset, cleaned_offset FROM aorta_partition WHERE topic = ?')
      .all(topic.name);
    for (const partition of partitions as unknown as Dirty[]) {
      const done = topic.compacted ? compact(writer, partition, now) : prune(writer, partition, now - topic.retentionMs);
      removed += done.removed;
      if (done.more) return { more: true, removed };
    }
  }
  return { more: false, removed };
}

function prune(writer: Writer, { slot, start_offset: start, end_offset: end }: Dirty, cutoff: number): { more: boolean; removed: number } {
  if (start === end) return { more: false, removed: 0 };
  const rows = writer
    .prepare('SELECT id, timestamp FROM aorta_log WHERE id >= ? AND id < ? ORDER BY id LIMIT ?')
    .all(idOf(slot, start), idEnd(slot), step) as unknown as { id: number; timestamp: number }[];
  const young = rows.findIndex((row) => row.timestamp >= cutoff);
  const count = young === -1 ? rows.length : young;
  if (count === 0) return { more: false, removed: 0 };
  const last = (rows[count - 1] as { id: number }).id;
  writer.prepare('DELETE FROM aorta_log WHERE id >= ? AND id <= ?').run(idOf(slot, start), last);
  writer.prepare('UPDATE aorta_partition SET start_offset = ? WHERE slot = ?').run(offsetOf(slot, last) + 1, slot);
  return { more: young === -1 && rows.length === step, removed: count };
}

function compact(
  writer: Writer,
  { slot, end_offset: end, cleaned_offset: cleaned }: Dirty,
  now: number,
): { more: boolean; removed: number } {
  let removed = forgetRemovals(writer, slot, now - tombstoneMs);
  if (cleaned === end) return { more: removed === step, removed };
  const rows = writer
    .prepare('SELECT id, timestamp, key, value IS NULL AS gone FROM aorta_log WHERE id >= ? AND id < ? ORDER BY id LIMIT ?')
    .all(idOf(slot, cleaned), idEnd(slot), step) as unknown as { id: number; timestamp: number; key: Uint8Array; gone: number }[];
  const previous = writer.prepare('SELECT log_offset FROM aorta_log_key WHERE slot = ? AND key = ?');
  const remove = writer.prepare('DELETE FROM aorta_log WHERE id = ?');
  const keep = writer.prepare(`INSERT INTO aorta_log_key (slot, key, log_offset, removed_at) VALUES (?, ?, ?, ?)
    ON CONFLICT (slot, key) DO UPDATE SET log_offset = excluded.log_offset, removed_at = excluded.removed_at`);
  for (const row of rows) {
    const older = previous.get(slot, row.key) as { log_offset: number } | undefined;
    if (older) {
      remove.run(idOf(slot, older.log_offset));
      removed++;
    }
    keep.run(slot, row.key, offsetOf(slot, row.id), row.gone === 1 ? row.timestamp : null);
  }
  const through = rows.length === step ? offsetOf(slot, (rows[step - 1] as { id: number }).id) + 1 : end;
  writer.prepare('UPDATE aorta_partition SET cleaned_offset = ? WHERE slot = ?').run(through, slot);
  return { more: rows.length === step, removed };
}

function forgetRemovals(writer: Writer, slot: number, before: number): number {
  const old = writer
    .prepare('SELECT key, log_offset FROM aorta_log_key WHERE slot = ? AND removed_at < ? LIMIT ?')
    .all(slot, before, step) as unknown as { key: Uint8Array; log_offset: number }[];
  for (const { key, log_offset: offset } of old) {
    writer.prepare('DELETE FROM aorta_log WHERE id = ?').run(idOf(slot, offset));
    writer.prepare('DELETE FROM aorta_log_key WHERE slot = ? AND key = ?').run(slot, key);
  }
  return old.length;
}

const firstAfterMs = 60_000;
const everyMs = 10 * 60_000;

/** Cleans a minute after the start and then every ten; the result stops it. */
export function keepClean(database: Database, clock: Clock, telemetry: Telemetry): () => void {
  const jobs = database.jobs<{ clean: typeof clean }>(new URL(import.meta.url));
  const removed = telemetry.counter('aorta_log_cleaned_records_total', 'Records removed by retention or compaction.');
  let stopped = false;
  const run = async () => {
    try {
      for (let more = true; more && !stopped; ) {
        const done = await jobs('clean', () => ({ now: clock.now() }));
        removed.inc(done.removed);
        more = done.more;
      }
    } catch (thrown) {
      telemetry.log('warn', 'log.cleaning.failed', { error: thrown });
    }
    if (!stopped) cancel = clock.after(everyMs, run);
  };
  let cancel = clock.after(firstAfterMs, run);
  return () => {
    stopped = true;
    cancel();
  };
}
