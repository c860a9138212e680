import { array } from '../../postgres/array.ts';
import { decodeHeaders } from '../../postgres/headers.ts';
import type { PostgresPool, Row, Statement } from '../../postgres/pool.ts';
import type {
  AppliedSet,
  ClaimedLane,
  HeldKey,
  HeldPlace,
  HeldReason,
  HeldRow,
  LaneRef,
  RedriveRequest,
  SuspectNote,
  TimerRow,
} from '../port.ts';
import { decodeOutbox } from './outbox.ts';
import { laneArrays } from './writes/rows.ts';

export const laneValues = (lane: LaneRef) => [lane.flow, lane.lane, lane.topic, lane.partition] as const;
export const isLane = 'flow = $1 and lane = $2 and topic = $3 and partition = $4';

const suspectNotes = `select record_offset as "offset", epoch from aorta_try where ${isLane} order by record_offset, epoch`;

/** Takes the lane over and reads what it needs, in one transaction and round trip. */
export async function claim(pool: PostgresPool, lane: LaneRef, partitions: number): Promise<ClaimedLane> {
  const values = laneValues(lane);
  const inLane = (text: string): Statement => ({ text, values, prepared: true });
  const [, before, after, outbox, held, suspects] = await pool.pipeline([
    {
      text: `insert into aorta_lane (flow, lane, topic, partition, partitions, epoch, group_number, sent_through, watermark, runs, hops, clean)
        values ($1, $2, $3, $4, $5, 0, 0, 0, 0, '[]', '{}', 1) on conflict do nothing`,
      values: [...values, partitions],
      prepared: true,
    },
    inLane(`select clean from aorta_lane where ${isLane} for update`),
    inLane(`update aorta_lane set epoch = epoch + 1, clean = 0 where ${isLane}
      returning epoch, group_number, sent_through, watermark, runs, hops, partitions`),
    inLane(`select group_number, records from aorta_outbox where ${isLane}
      and group_number > (select sent_through from aorta_lane where ${isLane}) order by group_number`),
    inLane(heldHeads(isLane, '')),
    inLane(suspectNotes),
  ]);
  const row = after?.[0] as Row;
  return {
    epoch: row.epoch as number,
    group: row.group_number as number,
    sentThrough: row.sent_through as number,
    applied: {
      watermark: row.watermark as number,
      runs: JSON.parse(row.runs as string) as AppliedSet['runs'],
      hops: JSON.parse(row.hops as string) as AppliedSet['hops'],
    },
    clean: before?.[0]?.clean === 1,
    partitions: row.partitions as number,
    outbox: (outbox ?? []).map((stored) => ({ group: stored.group_number as number, records: decodeOutbox(stored.records as Buffer) })),
    held: (held ?? []).map(heldKey),
    suspects: (suspects ?? []) as unknown as ClaimedLane['suspects'],
  };
}

/** Nulls: the lane was never claimed. */
export interface LanePosition {
  readonly epoch: number | null;
  readonly group: number | null;
}

/** Where each lane is now. */
export async function lanePositions(pool: PostgresPool, lanes: readonly LaneRef[], leftMs: number): Promise<readonly LanePosition[]> {
  const text = `select l.epoch, l.group_number as "group" from unnest($1::text[], $2::text[], $3::text[], $4::int4[]) with ordinality
      as g(flow, lane, topic, partition, position)
    left join aorta_lane l using (flow, lane, topic, partition) order by g.position`;
  const rows = await pool.query({ text, values: laneArrays(lanes), prepared: true }, leftMs);
  return rows as unknown as LanePosition[];
}

/**
 * From so many keys on a statement is planned each time. A prepared one keeps the plan of when the table had a page or two,
 * to read them all for each key, until the server analyses the table again: up to minutes into a backlog.
 */
export const many = 16;

/**
 * Each key by the whole primary key, whatever the planner believes about the table: `offset 0` keeps the inner select from
 * being joined in another way. With `key = any(...)` on a table that was empty when it was last analysed, the planner takes
 * flow and store for the whole search, and compares each row with each key.
 */
const statesOf = `select s.key, s.value, s.version from unnest($3::text[]) as g(key)
  cross join lateral (select key, value, version from aorta_state where flow = $1 and store = $2 and key = g.key offset 0) s`;

export async function states(pool: PostgresPool, flow: string, store: string, keys: readonly string[]) {
  if (keys.length === 0) return [];
  const rows = await pool.query({
    text: statesOf,
    values: [flow, store, array('text', [...new Set(keys)])],
    prepared: keys.length < many,
  });
  const found = new Map(rows.map((row) => [row.key as string, { value: row.value as Buffer, version: row.version as number }]));
  return keys.map((key) => found.get(key) ?? null);
}

export async function timers(pool: PostgresPool, lane: LaneRef, until: number, limit: number): Promise<readonly TimerRow[]> {
  const rows = await pool.query({
    text: `select node, key, name, due, payload, event_id as "eventId" from aorta_timer
      where ${isLane} and due <= $5 order by due, node, key, name limit $6`,
    values: [...laneValues(lane), until, limit],
    prepared: true,
  });
  return rows as unknown as TimerRow[];
}

export async function held(pool: PostgresPool, lane: LaneRef, key: string, fromSeq: number, limit: number): Promise<readonly HeldRow[]> {
  const rows = await pool.query({
    text: `select * from aorta_held where ${isLane} and key = $5 and seq >= $6 order by seq limit $7`,
    values: [...laneValues(lane), key, fromSeq, limit],
    prepared: true,
  });
  return rows.map(heldRow);
}

export async function suspects(pool: PostgresPool, lane: LaneRef): Promise<readonly SuspectNote[]> {
  return (await pool.query({ text: suspectNotes, values: laneValues(lane), prepared: true })) as unknown as SuspectNote[];
}

export async function heldKeys(pool: PostgresPool, flow: string, limit: number): Promise<readonly (HeldKey & { lane: LaneRef })[]> {
  const rows = await pool.query({ text: heldHeads('flow = $1', 'limit $2'), values: [flow, limit], prepared: true });
  return rows.map((row) => ({
    ...heldKey(row),
    lane: { flow: row.flow as string, lane: row.lane as string, topic: row.topic as string, partition: row.partition as number },
  }));
}

/** A patient's first row in each lane of the flow, by the whole primary key: his other rows are not read. */
const placesOfEach = `select l.lane, l.topic, l.partition, h.* from aorta_lane l cross join unnest($2::text[]) as g(key)
  cross join lateral (select key, seq, due, reason, error_class as "errorClass" from aorta_held
    where flow = $1 and lane = l.lane and topic = l.topic and partition = l.partition and key = g.key order by seq limit 1) h
  where l.flow = $1 order by l.lane, l.topic, l.partition, h.key`;

/** All that the flow holds is looked through, once: many patients times all lanes would be more. */
const placesOfMany = `select distinct on (lane, topic, partition, key) lane, topic, partition, key, seq, due, reason, error_class as "errorClass"
  from aorta_held where flow = $1 and key = any($2::text[]) order by lane, topic, partition, key, seq`;

export async function heldAt(pool: PostgresPool, flow: string, keys: readonly string[]): Promise<readonly HeldPlace[]> {
  if (keys.length === 0) return [];
  const isMany = keys.length >= many;
  const rows = await pool.query({
    text: isMany ? placesOfMany : placesOfEach,
    values: [flow, array('text', [...new Set(keys)])],
    // Planned each time: the held list is mostly empty, and a plan of then would read all of it for each lane.
    prepared: isMany,
  });
  return rows.map(({ lane, topic, partition, ...head }) => ({ ...head, lane: { flow, lane, topic, partition } })) as unknown as HeldPlace[];
}

export async function redriveRequests(pool: PostgresPool, flow: string): Promise<readonly RedriveRequest[]> {
  const rows = await pool.query({
    text: `select id, flow, key, error_class as "errorClass", action, actor, requested_at as "at" from aorta_redrive where flow = $1 order by id`,
    values: [flow],
    prepared: true,
  });
  return rows as unknown as RedriveRequest[];
}

/** The first row of each patient and how many there are, in order of lane and seq. */
const heldHeads = (where: string, limit: string): string =>
  `select h.*, c.count from (
     select flow, lane, topic, partition, key, count(*) as count, min(seq) as seq from aorta_held where ${where}
     group by flow, lane, topic, partition, key
   ) c join aorta_held h using (flow, lane, topic, partition, key, seq)
   order by h.flow, h.lane, h.topic, h.partition, h.seq ${limit}`;

const heldKey = (row: Row): HeldKey => ({ key: row.key as string, count: row.count as number, head: heldRow(row) });

const heldRow = (row: Row): HeldRow => ({
  key: row.key as string,
  seq: row.seq as number,
  offset: row.record_offset as number,
  timestamp: row.record_time as number,
  eventId: row.event_id as string,
  recordKey: row.record_key as Buffer | null,
  value: row.value as Buffer | null,
  headers: decodeHeaders(row.headers as string),
  resume: row.resume as string,
  attempt: row.attempt as number,
  due: row.due as number | null,
  reason: row.reason as HeldReason,
  errorClass: row.error_class as string | null,
  errorCode: row.error_code as string | null,
  operator: row.operator as string | null,
  redrives: row.redrives as number,
});
