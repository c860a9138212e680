import type { LaneRef, State } from '../state/port.ts';

/** A patient on the held list, as operators see it: the first envelope decides. Metadata only. */
export interface HeldPatient {
  readonly flow: string;
  /** Patient id. */
  readonly key: string;
  /** Envelopes that wait. */
  readonly count: number;
  /** Waits for an operator; else for `due`. */
  readonly parked: boolean;
  readonly reason: string;
  readonly operator: string | null;
  readonly class: string | null;
  readonly code: string | null;
  readonly attempt: number;
  readonly redrives: number;
  readonly due: number | null;
  /** Milliseconds since 1970: when the first envelope entered the log. */
  readonly since: number;
  readonly source: string;
  readonly eventId: string;
  /** Number of the first envelope: names it in a request to redrive or discard it. */
  readonly head: number;
}

export interface HeldFilter {
  readonly flow?: string | undefined;
  readonly key?: string | undefined;
  /** Class of the first envelope's failure. */
  readonly errorClass?: string | undefined;
}

interface Row {
  flow: string;
  lane: string;
  topic: string;
  partition: number;
  key: string;
  count: number | string;
  record_offset: number | string;
  record_time: number | string;
  event_id: string;
  attempt: number;
  due: number | string | null;
  reason: string;
  error_class: string | null;
  error_code: string | null;
  operator: string | null;
  redrives: number;
  seq: number | string;
}

const lane = ['flow', 'lane', 'topic', 'partition', 'key'] as const;
const all = (alias: string): string => lane.map((column) => `${alias}.${column} AS ${column}`).join(', ');

/**
 * Reads the held list of every worker from the store. Not by `State.heldKeys`: that reads the envelopes' bytes too,
 * which nobody looks at here. Parked ones first, then by the age of the first envelope.
 */
export async function heldPatients(
  state: Pick<State, 'query'>,
  filter: HeldFilter,
  limit: number,
): Promise<{ readonly count: number; readonly patients: readonly HeldPatient[]; readonly lanes: readonly LaneRef[] }> {
  const own = (['flow', 'key'] as const).filter((name) => filter[name] !== undefined);
  const where = own.length === 0 ? '' : ` WHERE ${own.map((name) => `${name} = ?`).join(' AND ')}`;
  const byClass = filter.errorClass === undefined ? '' : ' WHERE h.error_class = ?';
  const heads = `FROM (SELECT ${lane.join(', ')}, COUNT(*) AS count, MIN(seq) AS seq FROM aorta_held${where} GROUP BY ${lane.join(', ')}) c
    JOIN aorta_held h ON ${[...lane, 'seq'].map((column) => `h.${column} = c.${column}`).join(' AND ')}${byClass}`;
  const params = [...own.map((name) => filter[name] as string), ...(filter.errorClass === undefined ? [] : [filter.errorClass])];
  const [total] = await state.query<{ count: number | string }>(`SELECT COUNT(*) AS count ${heads}`, params);
  const rows = await state.query<Row>(
    `SELECT ${all('h')}, c.count AS count, h.record_offset AS record_offset, h.record_time AS record_time, h.event_id AS event_id,
       h.attempt AS attempt, h.due AS due, h.reason AS reason, h.error_class AS error_class, h.error_code AS error_code,
       h.operator AS operator, h.redrives AS redrives, h.seq AS seq ${heads}
     ORDER BY CASE WHEN h.due IS NULL THEN 0 ELSE 1 END, h.record_time, h.flow, h.key LIMIT ?`,
    [...params, limit],
  );
  return {
    count: Number(total?.count ?? 0),
    patients: rows.map(patientOf),
    lanes: rows.map(({ flow, lane, topic, partition }) => ({ flow, lane, topic, partition: Number(partition) })),
  };
}

const patientOf = (row: Row): HeldPatient => ({
  flow: row.flow,
  key: row.key,
  count: Number(row.count),
  parked: row.due === null,
  reason: row.reason,
  operator: row.operator,
  class: row.error_class,
  code: row.error_code,
  attempt: Number(row.attempt),
  redrives: Number(row.redrives),
  due: row.due === null ? null : Number(row.due),
  since: Number(row.record_time),
  source: `${row.topic}/${row.partition}/${row.record_offset}`,
  eventId: row.event_id,
  head: Number(row.seq),
});
