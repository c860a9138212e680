import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PostgresPool } from '../../../src/postgres/pool.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { freshSchema } from '../../support/postgres.ts';
import { rowsLookedAt } from './rows-looked-at.ts';

const rows = 3_000;
const asked = 100;
const reads = 8;
const few = 20;

/**
 * The server's idea of a table is that of its last analysis, and a prepared statement may keep the plan of that time: a first
 * start fills tables that were empty then.
 */
for (const { shape, before, most } of [
  { shape: 'never analysed', before: 0, most: reads * asked },
  // While it has a page, that page is what each key reads.
  { shape: 'analysed with a few rows', before: few, most: reads * asked * (few + 1) },
])
  test(`reading patients' states costs by the patients asked for, not by those stored: ${shape}`, { timeout: 240_000 }, async () => {
    const { drop, ...options } = freshSchema('young');
    // One connection: its statements are prepared before there are many rows.
    const state = createPostgresState({ ...options, connections: 1 });
    const pool = new PostgresPool({ ...options, connections: 1 });
    try {
      await state.migrate();
      // The server's own analysis would come in between.
      await pool.query({ text: 'alter table aorta_state set (autovacuum_enabled = off)' });
      const lane = { flow: 'young', lane: 'main', topic: 't', partition: 0 };
      const { epoch } = await state.claim(lane, 1);
      let group = 0;
      const write = async (from: number, to: number) => {
        group++;
        const source = { eventId: 'e', flowHash: 'h', version: '1' };
        const states = Array.from({ length: to - from }, (_, i) => ({
          store: 's',
          key: keyOf(from + i),
          value: Buffer.from(String(from + i)),
          version: 1,
          source,
        }));
        const nothing = { effects: [], timers: [], outbox: [], held: [], suspects: [], redrivesDone: [] };
        const applied = { watermark: group, runs: [], hops: {} };
        assert.deepEqual(await state.transact([{ lane, epoch, group, applied, sentThrough: 0, states, ...nothing }]), ['applied']);
      };
      const numbers = (from: number) => Array.from({ length: asked }, (_, i) => (from + i * 29) % rows);
      const read = async (from: number) =>
        (await state.states('young', 's', numbers(from).map(keyOf))).map((row) => (row ? Number(row.value.toString()) : null));

      if (before > 0) {
        await write(0, before);
        await pool.query({ text: 'analyze aorta_state' });
      }
      for (let i = 0; i < reads; i++) assert.equal((await read(i)).filter((n) => n !== null && n >= before).length, 0);
      for (let from = before; from < rows; from += 500) await write(from, Math.min(rows, from + 500));
      for (let i = 0; i < reads; i++) assert.deepEqual(await read(i), numbers(i));
      await state.close();
      const count = await rowsLookedAt(pool, 'aorta_state', reads * asked);
      assert.ok(count >= reads * asked && count <= most, `${count} rows for ${reads} reads of ${asked} patients`);
    } finally {
      await state.close();
      await pool.close();
      await drop();
    }
  });

const keyOf = (n: number): string => `p${String(n).padStart(8, '0')}`;
