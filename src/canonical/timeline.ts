import type { State } from '../state/port.ts';
import { decodeCursor, encodeCursor, pageSize } from './cursor.ts';
import { family } from './family.ts';
import type { TimelineRow } from './tables.ts';

/** One event of a patient's history, as the timeline route gives it. Times are ISO 8601 in UTC. */
export interface TimelineItem {
  readonly eventId: string;
  readonly type: string;
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly source: { readonly system: string; readonly messageId: string };
  readonly encounterId?: string;
  readonly location?: { readonly facility?: string; readonly ward?: string; readonly room?: string; readonly bed?: string };
  /** For a Cancellation: event id of what it took back. */
  readonly cancels?: string;
}

export interface PatientTimeline {
  readonly events: readonly TimelineItem[];
  readonly cursor?: string;
}

export async function timeline(
  state: Pick<State, 'query'>,
  patientId: string,
  page: { readonly limit?: number; readonly cursor?: string },
): Promise<PatientTimeline | undefined> {
  const limit = pageSize(page.limit, 100);
  // Equal times and sequences can only come from different topics: the event id settles the order of reading.
  const after = page.cursor === undefined ? undefined : decodeCursor(page.cursor, ['number', 'number', 'string'] as const);
  const ids = await family(state, patientId);
  const rows = await state.query<TimelineRow>(
    `SELECT event_id, occurred_at, sequence, type, recorded_at, sender, message_id, encounter, facility, ward, room, bed, cancels
     FROM timeline_event WHERE patient IN (${ids.map(() => '?').join(', ')})${
       after ? ' AND (occurred_at > ? OR (occurred_at = ? AND (sequence > ? OR (sequence = ? AND event_id > ?))))' : ''
     } ORDER BY occurred_at, sequence, event_id LIMIT ?`,
    [...ids, ...(after ? [after[0], after[0], after[1], after[1], after[2]] : []), limit + 1],
  );
  if (rows.length === 0) {
    const known = await state.query('SELECT id FROM fhir_resource WHERE type = ? AND id = ?', ['Patient', patientId]);
    if (known.length === 0) return undefined;
  }
  const events = rows.slice(0, limit);
  const last = events[events.length - 1];
  return {
    events: events.map(itemOf),
    ...(rows.length > limit && last ? { cursor: encodeCursor([Number(last.occurred_at), Number(last.sequence), last.event_id]) } : {}),
  };
}

function itemOf(row: TimelineRow): TimelineItem {
  const location = Object.fromEntries(
    (['facility', 'ward', 'room', 'bed'] as const).flatMap((level) => (row[level] === null ? [] : [[level, row[level]]])),
  );
  return {
    eventId: row.event_id,
    type: row.type,
    occurredAt: new Date(Number(row.occurred_at)).toISOString(),
    recordedAt: new Date(Number(row.recorded_at)).toISOString(),
    source: { system: row.sender, messageId: row.message_id },
    ...(row.encounter === null ? {} : { encounterId: row.encounter }),
    ...(Object.keys(location).length === 0 ? {} : { location }),
    ...(row.cancels === null ? {} : { cancels: row.cancels }),
  };
}
