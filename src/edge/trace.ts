import type { Trace as Settled } from '../engine/index.ts';
import { partitionOf } from '../log/murmur2.ts';
import { header } from '../log/port.ts';
import { type DeadLetter, newestDeadLetters } from '../ops/dead-letters.ts';
import type { EdgeOptions } from './options.ts';

/** Newest records of a partition that are looked through, where the patient is known; else a quarter of it, of all partitions. */
const depth = 2000;
const page = 200;
const letters = 500;
/** An event id of ours says when it was made; clocks of instances may differ by so much. */
const skewMs = 600_000;

export interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly eventId: string;
}

/** Where an event went in one flow. Metadata only. */
export interface FlowTrace {
  readonly flow: string;
  /** Where it stands on the flow's source topic, once more for each redrive. */
  readonly source: readonly Place[];
  readonly settlements: readonly Settled[];
  readonly held: readonly HeldTrace[];
  readonly deadLetters: readonly DeadLetter[];
  readonly emitted: readonly Place[];
}

interface HeldTrace {
  readonly source: string;
  readonly reason: string;
  readonly attempt: number;
  readonly due: number | null;
  readonly operator: string | null;
  readonly code: string | null;
  readonly redrives: number;
}

interface HeldRow {
  flow: string;
  key: string;
  topic: string;
  partition: number;
  record_offset: number | string;
  reason: string;
  attempt: number;
  due: number | string | null;
  operator: string | null;
  error_code: string | null;
  redrives: number;
}

export interface EventTrace {
  readonly eventId: string;
  /** Patient id, where anything tells it. */
  readonly patient: string | null;
  /** Milliseconds since 1970: when an entry point admitted it. */
  readonly admittedAt: number | null;
  readonly flows: readonly FlowTrace[];
  readonly timeline: readonly { readonly type: string; readonly occurredAt: number; readonly recordedAt: number }[];
  readonly redrives: readonly { readonly flow: string; readonly action: string; readonly actor: string; readonly at: number }[];
  /** What was not looked at is not known: how far the search went. */
  readonly searched: { readonly recordsPerPartition: number; readonly deadLetters: number; readonly settlements: string };
}

type Parts = Pick<EdgeOptions, 'flows' | 'state' | 'log'>;

/** Follows an event through the stores and the newest records of its topics. Undefined: nothing is known of it. */
export async function traceEvent({ flows, state, log }: Parts, eventId: string): Promise<EventTrace | undefined> {
  const held = await state.query<HeldRow>(
    `SELECT flow, key, topic, partition, record_offset, reason, attempt, due, operator, error_code, redrives FROM aorta_held
      WHERE event_id = ? ORDER BY flow, seq LIMIT 100`,
    [eventId],
  );
  const settled = flows.map((flow) => flow.trace(eventId));
  const dead = await Promise.all(
    flows.map(async ({ name }) =>
      (await newestDeadLetters(log, state, name, letters, true)).filter((letter) => letter.eventId === eventId),
    ),
  );
  const admitted = await admission(state, eventId);
  const patient = admitted?.patient ?? held[0]?.key ?? settled.flat()[0]?.key ?? dead.flat()[0]?.key ?? null;
  const recordsPerPartition = patient === null ? depth / 4 : depth;
  const found = await Promise.all(
    flows.map(async ({ name, topics }, i): Promise<FlowTrace> => {
      // The event itself, or what the flow made of it. Several flows may write to one topic: the producer's number says whose
      // it is, where there is one.
      const match: Match = (id, seq) =>
        id === eventId || (id.startsWith(`${eventId}:`) && (seq === undefined || seq.startsWith(`${name}/`)));
      const found = (await Promise.all(topics.map((topic) => places({ log }, topic, patient, recordsPerPartition, match)))).flat();
      return {
        flow: name,
        source: found.filter((place) => place.eventId === eventId),
        settlements: settled[i] ?? [],
        held: held.filter((row) => row.flow === name).map(heldTrace),
        deadLetters: dead[i] ?? [],
        emitted: found.filter((place) => place.eventId !== eventId),
      };
    }),
  );
  const known = found.filter((flow) =>
    [flow.source, flow.settlements, flow.held, flow.deadLetters, flow.emitted].some((list) => list.length > 0),
  );
  const events = patient === null ? [] : await timelineOf(state, patient, eventId);
  const redrives = await state.query<{ flow: string; action: string; actor: string; at: number | string }>(
    'SELECT flow, action, actor, redriven_at AS at FROM aorta_redriven WHERE event_id = ? ORDER BY redriven_at LIMIT 100',
    [eventId],
  );
  if (known.length === 0 && !admitted && events.length === 0 && redrives.length === 0) return undefined;
  return {
    ...{ eventId, patient, admittedAt: admitted?.at ?? null, flows: known, timeline: events },
    redrives: redrives.map((note) => ({ ...note, at: Number(note.at) })),
    searched: {
      ...{ recordsPerPartition, deadLetters: letters },
      settlements: `the newest ${(flows[0]?.traced ?? 0).toLocaleString('en')} of each flow on this worker`,
    },
  };
}

const heldTrace = (row: HeldRow): HeldTrace => ({
  source: `${row.topic}/${row.partition}/${row.record_offset}`,
  reason: row.reason,
  attempt: Number(row.attempt),
  due: row.due === null ? null : Number(row.due),
  operator: row.operator,
  code: row.error_code,
  redrives: Number(row.redrives),
});

/** Entry points note what they admit. Event ids are ULIDs: the index over the time of admission leads there. */
async function admission(state: Parts['state'], eventId: string): Promise<{ patient: string; at: number } | undefined> {
  const at = timeOf(eventId);
  if (at === undefined) return undefined;
  const [row] = await state.query<{ patient_id: string; admitted_at: number | string }>(
    'SELECT patient_id, admitted_at FROM aorta_fingerprint WHERE admitted_at >= ? AND admitted_at <= ? AND event_id = ? LIMIT 1',
    [at - skewMs, at + skewMs, eventId],
  );
  return row && { patient: row.patient_id, at: Number(row.admitted_at) };
}

/** The timeline table belongs to a topology: without it there is no timeline. */
async function timelineOf(state: Parts['state'], patient: string, eventId: string): Promise<EventTrace['timeline']> {
  try {
    const rows = await state.query<{ type: string; occurred_at: number | string; recorded_at: number | string }>(
      'SELECT type, occurred_at, recorded_at FROM timeline_event WHERE patient = ? AND event_id = ?',
      [patient, eventId],
    );
    return rows.map(({ type, occurred_at, recorded_at }) => ({ type, occurredAt: Number(occurred_at), recordedAt: Number(recorded_at) }));
  } catch (thrown) {
    if ((thrown as { code?: string }).code === 'AORTA_STATE_010') return [];
    throw thrown;
  }
}

/** By event id and `aorta-seq`. */
type Match = (eventId: string, seq: string | undefined) => boolean;

async function places(
  { log }: Pick<Parts, 'log'>,
  topic: string,
  patient: string | null,
  most: number,
  match: Match,
): Promise<readonly Place[]> {
  const ends = await log.ends(topic);
  const only = patient === null ? undefined : partitionOf(patient, ends.length);
  const found: Place[] = [];
  for (const { partition, start, end } of ends) {
    if (only !== undefined && partition !== only) continue;
    for (let until = end; until > Math.max(start, end - most); until -= page) {
      const from = Math.max(start, until - page);
      for (const { offset, headers } of await log.read({ topic, partition }, from, until - from)) {
        const id = headers[header.eventId]?.toString() ?? '';
        if (offset < until && match(id, headers[header.seq]?.toString())) found.push({ topic, partition, offset, eventId: id });
      }
    }
  }
  return found.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}

const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Milliseconds since 1970 in a ULID. */
function timeOf(id: string): number | undefined {
  if (!/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(id)) return undefined;
  return [...id.slice(0, 10)].reduce((time, digit) => time * 32 + digits.indexOf(digit), 0);
}
