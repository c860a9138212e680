import { bufferOrNull } from '../../sqlite/bytes.ts';
import { decodeHeaders } from '../../sqlite/headers.ts';
import type { HeldKey, HeldReason, HeldRow } from '../port.ts';

/** Columns of `aorta_held` besides its key. */
export const heldColumns = [
  'record_offset',
  'record_time',
  'event_id',
  'record_key',
  'value',
  'headers',
  'resume',
  'attempt',
  'due',
  'reason',
  'error_class',
  'error_code',
  'operator',
  'redrives',
] as const;

/** A row of `aorta_held` as the database gives it. */
export interface HeldRecord {
  readonly key: string;
  readonly seq: number;
  readonly record_offset: number;
  readonly record_time: number;
  readonly event_id: string;
  readonly record_key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: string;
  readonly resume: string;
  readonly attempt: number;
  readonly due: number | null;
  readonly reason: string;
  readonly error_class: string | null;
  readonly error_code: string | null;
  readonly operator: string | null;
  readonly redrives: number;
}

export const selectHeld = `SELECT key, seq, ${heldColumns.join(', ')} FROM aorta_held`;

/** Each patient's first row and count: in SQLite the bare columns beside min() are those of the row with the minimum. */
export const selectHeads = `SELECT flow, lane, topic, partition, key, min(seq) AS seq, count(*) AS waiting, ${heldColumns.join(', ')} FROM aorta_held`;

export const heldRow = (row: HeldRecord): HeldRow => ({
  key: row.key,
  seq: row.seq,
  offset: row.record_offset,
  timestamp: row.record_time,
  eventId: row.event_id,
  recordKey: bufferOrNull(row.record_key),
  value: bufferOrNull(row.value),
  headers: decodeHeaders(row.headers),
  resume: row.resume,
  attempt: row.attempt,
  due: row.due,
  reason: row.reason as HeldReason,
  errorClass: row.error_class,
  errorCode: row.error_code,
  operator: row.operator,
  redrives: row.redrives,
});

export const heldKey = (row: HeldRecord & { readonly waiting: number }): HeldKey => ({
  key: row.key,
  count: row.waiting,
  head: heldRow(row),
});
