import type { Database } from '../../sqlite/database.ts';
import type { Brake, Landmark, Operations, RedriveNote, UnsentRedrive } from '../operations.ts';

const brakeColumns = 'flow, reason, dead_letters AS deadLetters, records, tripped_at AS "at"';

/** Writes are jobs of the writer thread (decisions.ts); `open` throws when the state is closed. */
export function createSqliteOperations(database: Database, open: () => void): Operations {
  const jobs = database.jobs<typeof import('./decisions.ts')>(new URL('./decisions.ts', import.meta.url));
  const read = <T>(sql: string, params: readonly (string | number)[] = []): T[] => {
    open();
    return database.read<T & object>(sql, [...params]).map((row) => ({ ...row }));
  };
  return {
    async brake(flow) {
      return read<Brake>(`SELECT ${brakeColumns} FROM aorta_brake WHERE flow = ?`, [flow])[0];
    },
    async brakes() {
      return read<Brake>(`SELECT ${brakeColumns} FROM aorta_brake ORDER BY flow`);
    },
    async putBrake(brake) {
      open();
      await jobs('putBrake', () => ({ ...brake }));
    },
    async releaseBrake(flow) {
      open();
      return jobs('releaseBrake', () => ({ flow }));
    },
    async noteRedrives(notes) {
      open();
      return notes.length === 0 ? [] : jobs('noteRedrives', () => notes.map((note) => ({ ...note })));
    },
    async unsentRedrives(flow, limit) {
      return read<UnsentRedrive>('SELECT id, letter, seq FROM aorta_redriven WHERE flow = ? AND sent = 0 ORDER BY seq LIMIT ?', [
        flow,
        limit,
      ]);
    },
    async redrivesSent(ids) {
      open();
      await jobs('redrivesSent', () => [...ids]);
    },
    async takenLetters(flow) {
      const rows = read<{ letter: string; action: RedriveNote['action']; at: number }>(
        'SELECT letter, action, redriven_at AS "at" FROM aorta_redriven WHERE flow = ? AND letter IS NOT NULL',
        [flow],
      );
      return new Map(rows.map(({ letter, action, at }) => [letter, { action, at }]));
    },
    async redrivesSince(flow, eventIds, since) {
      const rows = read<{ eventId: string; count: number }>(
        `SELECT event_id AS eventId, count(*) AS count FROM aorta_redriven WHERE flow = ? AND redriven_at >= ? AND action <> 'discard'
          AND event_id IN (SELECT value FROM json_each(?)) GROUP BY event_id`,
        [flow, since, JSON.stringify(eventIds)],
      );
      return new Map(rows.map(({ eventId, count }) => [eventId, count]));
    },
    async putLandmarks(landmarks) {
      open();
      await jobs('putLandmarks', () => landmarks.map((landmark) => ({ ...landmark })));
    },
    async landmark({ flow, topic, partition }) {
      return read<Landmark>(
        `SELECT flow, topic, partition, position, record_offset AS "offset", record_time AS "timestamp"
          FROM aorta_landmark WHERE flow = ? AND topic = ? AND partition = ?`,
        [flow, topic, partition],
      )[0];
    },
    async pruneRedrives(before) {
      open();
      return jobs('pruneRedrives', () => ({ before }));
    },
  };
}
