import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PostgresPool } from '../../../src/postgres/pool.ts';
import type { HeldRow } from '../../../src/state/port.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { freshSchema } from '../../support/postgres.ts';
import { rowsLookedAt } from './rows-looked-at.ts';

const [rows, lanes, reads] = [3_000, 8, 10];

const row = (key: string, seq: number): HeldRow => ({
  ...{ key, seq, offset: seq, timestamp: 1, eventId: `e${seq}`, recordKey: null, value: Buffer.alloc(100), headers: {}, resume: 't' },
  ...{ attempt: 1, due: null, reason: 'park', errorClass: null, errorCode: null, operator: null, redrives: 0 },
});

test('where a patient is held is asked for without reading all that is held of him', { timeout: 240_000 }, async () => {
  const { drop, ...options } = freshSchema('places');
  const state = createPostgresState({ ...options, connections: 1 });
  const pool = new PostgresPool({ ...options, connections: 1 });
  try {
    await state.migrate();
    // The server's own analysis would come in between.
    await pool.query({ text: 'alter table aorta_held set (autovacuum_enabled = off)' });
    const lane = (partition: number) => ({ flow: 'places', lane: 'main', topic: 't', partition });
    for (let partition = 1; partition < lanes; partition++) await state.claim(lane(partition), lanes);
    const { epoch } = await state.claim(lane(0), lanes);
    // Asked once before there is anything.
    assert.deepEqual(await state.heldAt('places', ['p']), []);
    const nothing = { effects: [], timers: [], outbox: [], states: [], suspects: [], redrivesDone: [] };
    for (let group = 1; group <= rows / 500; group++) {
      const held = Array.from({ length: 500 }, (_, i) => ({ op: 'add' as const, row: row('p', group * 500 + i) }));
      const applied = { watermark: group, runs: [], hops: {} };
      assert.deepEqual(await state.transact([{ lane: lane(0), epoch, group, applied, sentThrough: 0, held, ...nothing }]), ['applied']);
    }
    for (let i = 0; i < reads; i++)
      assert.deepEqual(
        (await state.heldAt('places', ['p', 'q'])).map(({ seq }) => seq),
        [500],
      );
    await state.close();
    const count = await rowsLookedAt(pool, 'aorta_held', reads);
    assert.ok(count >= reads && count < rows, `${count} rows for ${reads} answers of one row`);
  } finally {
    await state.close();
    await pool.close();
    await drop();
  }
});
