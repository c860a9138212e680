import { error } from '../../errors/index.ts';
import { buffer, bufferOrNull } from '../../sqlite/bytes.ts';
import type { Database } from '../../sqlite/database.ts';
import { definitionsOf } from '../definition.ts';
import type { ClaimedLane, HeldPlace, RedriveRequest, State, SuspectNote, TimerRow } from '../port.ts';
import { type HeldRecord, heldKey, heldRow, selectHeads, selectHeld } from './held.ts';
import { type ClaimedRows, selectNotes } from './lanes.ts';
import { createSqliteOperations } from './operations.ts';
import { query } from './query.ts';
import { laneKey, sendGroups } from './send.ts';

export interface SqliteStateOptions {
  /** Shared with the other adapters of the embedded profile; not closed by the state. */
  readonly database: Database;
}

/** From so many on, all that the flow holds is looked through once: patients times lanes would be more. */
const manyPatients = 16;
const placesOfMany = `SELECT lane, topic, partition, key, min(seq) AS seq, due, reason, error_class AS errorClass FROM aorta_held
  WHERE flow = ? AND key IN (SELECT value FROM json_each(?)) GROUP BY lane, topic, partition, key ORDER BY lane, topic, partition, key`;
/** A patient's first row in each lane of the flow, by the whole primary key: his other rows are not read. */
const placesOfEach = `SELECT h.lane, h.topic, h.partition, h.key, h.seq, h.due, h.reason, h.error_class AS errorClass
  FROM (SELECT flow, lane, topic, partition FROM aorta_lane WHERE flow = ?) l CROSS JOIN json_each(?) g CROSS JOIN aorta_held h
  WHERE h.flow = l.flow AND h.lane = l.lane AND h.topic = l.topic AND h.partition = l.partition AND h.key = g.value
    AND h.seq = (SELECT min(seq) FROM aorta_held f WHERE f.flow = l.flow AND f.lane = l.lane AND f.topic = l.topic
      AND f.partition = l.partition AND f.key = g.value)
  ORDER BY h.lane, h.topic, h.partition, h.key`;

const ofLane = 'flow = ? AND lane = ? AND topic = ? AND partition = ?';

/**
 * The embedded State. Writes are jobs of the writer thread (transact.ts, lanes.ts, ddl.ts), so a group of turns shares
 * its transaction with whatever else waits; reads run on the main thread by index.
 *
 * Failures: those of the database (src/sqlite/database.ts); AORTA_STATE_003/008 a table that cannot be declared so,
 * 004 an effect that does not fit its table, 005 a group left out, 010 a query that cannot be run.
 */
export function createSqliteState({ database }: SqliteStateOptions): State {
  const groups = database.jobs<typeof import('./transact.ts')>(new URL('./transact.ts', import.meta.url));
  const lanes = database.jobs<typeof import('./lanes.ts')>(new URL('./lanes.ts', import.meta.url));
  const tables = database.jobs<typeof import('./ddl.ts')>(new URL('./ddl.ts', import.meta.url));
  const processed = database.jobs<typeof import('./processed.ts')>(new URL('./processed.ts', import.meta.url));
  let closed = false;
  const open = () => {
    if (closed) throw error('AORTA_SQLITE_008');
  };

  return {
    kind: 'sqlite',
    operations: createSqliteOperations(database, open),
    /** `openDatabase` brought the file to the newest version before anything else could use it. */
    async migrate() {
      open();
    },
    async ensureTables(declared) {
      open();
      const definitions = [...definitionsOf(declared)];
      await tables('ensureTables', () => definitions);
    },
    async claim(lane, partitions) {
      open();
      return claimedLane(await lanes('claim', () => ({ lane: laneKey(lane), partitions })));
    },
    async transact(list) {
      open();
      return list.length === 0 ? [] : groups('transact', (pack) => sendGroups(list, pack));
    },
    async release(lane, epoch) {
      open();
      await lanes('release', () => ({ lane: laneKey(lane), epoch }));
    },
    async outlived(lane, epoch, offsets) {
      open();
      await lanes('outlived', () => ({ lane: laneKey(lane), epoch, offsets: [...offsets] }));
    },
    async suspects(lane) {
      open();
      return database.read<SuspectNote>(selectNotes, laneKey(lane)).map((row) => ({ ...row }));
    },
    async states(flow, store, keys) {
      open();
      if (keys.length === 0) return [];
      const rows = database.read<{ key: string; value: Uint8Array; version: number }>(
        'SELECT key, value, version FROM aorta_state WHERE flow = ? AND store = ? AND key IN (SELECT value FROM json_each(?))',
        [flow, store, JSON.stringify(keys)],
      );
      const found = new Map(rows.map((row) => [row.key, { value: buffer(row.value), version: row.version }]));
      return keys.map((key) => found.get(key) ?? null);
    },
    async timers(lane, until, limit) {
      open();
      const rows = database.read<Omit<TimerRow, 'eventId' | 'payload'> & { event_id: string; payload: Uint8Array | null }>(
        `SELECT node, key, name, due, payload, event_id FROM aorta_timer WHERE ${ofLane} AND due <= ? ORDER BY due, node, key, name LIMIT ?`,
        [...laneKey(lane), until, limit],
      );
      return rows.map(({ node, key, name, due, payload, event_id: eventId }) => ({
        node,
        key,
        name,
        due,
        payload: bufferOrNull(payload),
        eventId,
      }));
    },
    async held(lane, key, fromSeq, limit) {
      open();
      return database
        .read<HeldRecord>(`${selectHeld} WHERE ${ofLane} AND key = ? AND seq >= ? ORDER BY seq LIMIT ?`, [
          ...laneKey(lane),
          key,
          fromSeq,
          limit,
        ])
        .map(heldRow);
    },
    async heldKeys(flow, limit) {
      open();
      return database
        .read<HeldRecord & { waiting: number; flow: string; lane: string; topic: string; partition: number }>(
          `${selectHeads} WHERE flow = ? GROUP BY flow, lane, topic, partition, key LIMIT ?`,
          [flow, limit],
        )
        .map((row) => ({ ...heldKey(row), lane: { flow: row.flow, lane: row.lane, topic: row.topic, partition: row.partition } }));
    },
    async heldAt(flow, keys) {
      open();
      return database
        .read<Omit<HeldPlace, 'lane'> & { lane: string; topic: string; partition: number }>(
          keys.length < manyPatients ? placesOfEach : placesOfMany,
          [flow, JSON.stringify([...new Set(keys)])],
        )
        .map(({ lane, topic, partition, ...head }) => ({ ...head, lane: { flow, lane, topic, partition } }));
    },
    async processed(flow, ids) {
      open();
      if (ids.length === 0) return [];
      return database
        .read<{ coordinate: string | null }>(
          `SELECT p.coordinate FROM json_each(?) g LEFT JOIN aorta_processed p ON p.flow = ? AND p.node = g.value ->> 0
             AND p.key = g.value ->> 1 AND p.id = g.value ->> 2 ORDER BY g.key`,
          [JSON.stringify(ids.map(({ node, key, id }) => [node, key, id])), flow],
        )
        .map(({ coordinate }) => coordinate);
    },
    async forgetProcessed(flow, node, before, limit) {
      open();
      return processed('forget', () => ({ flow, node, before, limit }));
    },
    async requestRedrive(request) {
      open();
      const { id, flow, key, errorClass, action, actor, at } = request;
      await lanes('requestRedrive', () => ({ id, flow, key, errorClass, action, actor, at }));
    },
    async redriveRequests(flow) {
      open();
      return database
        .read<RedriveRequest>(
          'SELECT id, flow, key, error_class AS errorClass, action, actor, requested_at AS at FROM aorta_redrive WHERE flow = ? ORDER BY requested_at, id',
          [flow],
        )
        .map((row) => ({ ...row }));
    },
    async query<T extends object>(sql: string, params: readonly (string | number | null)[]) {
      open();
      return query<T>(database, sql, params);
    },
    async ping() {
      open();
      await database.ping();
    },
    async close() {
      closed = true;
    },
  };
}

const claimedLane = (rows: ClaimedRows): ClaimedLane => ({
  epoch: rows.epoch,
  group: rows.group,
  sentThrough: rows.sentThrough,
  applied: { watermark: rows.watermark, runs: JSON.parse(rows.runs), hops: JSON.parse(rows.hops) },
  clean: rows.clean,
  partitions: rows.partitions,
  outbox: rows.outbox.map(({ group, records }) => ({
    group,
    records: records.map(([topic, partition, key, value, headers, timestamp]) => ({
      topic,
      partition,
      key,
      value: bufferOrNull(value),
      headers,
      timestamp,
    })),
  })),
  held: rows.held.map(heldKey),
  suspects: rows.suspects,
});
