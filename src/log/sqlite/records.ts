import { bufferOrNull } from '../../sqlite/bytes.ts';
import type { Database } from '../../sqlite/database.ts';
import { decodeHeaders } from '../../sqlite/headers.ts';
import type { LogRecord } from '../port.ts';
import { idEnd, idOf, offsetOf } from './slot.ts';

interface LogRow {
  readonly id: number;
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: string;
}

/**
 * Records of a partition from `from` on: at most `limit`, and no further ones once `maxBytes` are reached (so at least
 * one). Read row by row, because the main thread must never hold what it did not ask for.
 */
export function readRecords(database: Database, slot: number, from: number, limit: number, maxBytes: number): LogRecord[] {
  const records: LogRecord[] = [];
  if (limit < 1) return records;
  let bytes = 0;
  const rows = database.readEach<LogRow>(
    'SELECT id, timestamp, key, value, headers FROM aorta_log WHERE id >= ? AND id < ? ORDER BY id LIMIT ?',
    [idOf(slot, Math.max(0, from)), idEnd(slot), limit],
  );
  for (const row of rows) {
    records.push({
      offset: offsetOf(slot, row.id),
      timestamp: row.timestamp,
      key: bufferOrNull(row.key),
      value: bufferOrNull(row.value),
      headers: decodeHeaders(row.headers),
    });
    bytes += (row.key?.byteLength ?? 0) + (row.value?.byteLength ?? 0) + row.headers.length;
    if (bytes >= maxBytes) break;
  }
  return records;
}

export interface PartitionRow {
  readonly slot: number;
  readonly partition: number;
  readonly start: number;
  readonly end: number;
}

export const partitionRows = (database: Database, topic: string): readonly PartitionRow[] =>
  database.read<{ slot: number; partition: number; start: number; end: number }>(
    'SELECT slot, partition, start_offset AS start, end_offset AS "end" FROM aorta_partition WHERE topic = ? ORDER BY partition',
    [topic],
  );
