import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PostgresPool } from '../../../src/postgres/pool.ts';
import type { HeldRow, LaneGroup, LaneRef } from '../../../src/state/port.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { freshSchema } from '../../support/postgres.ts';
import { rowsLookedAt } from './rows-looked-at.ts';

const rows = 3_000;
const touched = 100;
const writes = 8;
const few = 20;
const flow = 'young';
const lane: LaneRef = { flow, lane: 'main', topic: 't', partition: 0 };
const inLane = `'young', 'main', 't', 0`;
const source = { eventId: 'e', flowHash: 'h', version: '1' };

interface Case {
  readonly what: string;
  readonly table: string;
  /** Values of the row with number `n`. */
  readonly row: string;
  /** What takes those rows away; `numbers` rise from 0 without a gap over all calls. */
  readonly group: (numbers: readonly number[]) => Partial<LaneGroup>;
  /** Rows that stay, when it is not all but those. */
  readonly stays?: number;
}

const heldRow = (n: number): HeldRow => ({
  ...{ key: keyOf(n), seq: n, offset: n, timestamp: 0, eventId: 'e', recordKey: null, value: null, headers: {}, resume: 's', attempt: 2 },
  ...{ due: null, reason: 'retry', errorClass: null, errorCode: null, operator: null, redrives: 0 },
});

const key = `'p' || lpad(n::text, 8, '0')`;
const held = `${inLane}, ${key}, n, n, 0, 'e', null, null, '{}', 's', 1, null, 'retry', null, null, null, 0`;
const cases: readonly Case[] = [
  {
    what: "forgetting patients' states",
    table: 'aorta_state',
    row: `'young', 's', ${key}, ''::bytea, 1, 'e', 'h', '1'`,
    group: (numbers) => ({ states: numbers.map((n) => ({ store: 's', key: keyOf(n), value: null, version: 1, source })) }),
  },
  {
    what: 'cancelling timers',
    table: 'aorta_timer',
    row: `${inLane}, 'n', ${key}, 'x', n, null, 'e'`,
    group: (numbers) => ({
      timers: numbers.map((n) => ({ node: 'n', key: keyOf(n), name: 'x', due: null, payload: null, eventId: 'e' })),
    }),
  },
  {
    what: "removing suspects' notes of all epochs",
    table: 'aorta_try',
    row: `${inLane}, n, -1`,
    group: (numbers) => ({ suspects: numbers.map((offset) => ({ offset, note: 'settled' })) }),
  },
  {
    what: 'taking notes back',
    table: 'aorta_try',
    // The epoch of the first claim.
    row: `${inLane}, n, 1`,
    group: (numbers) => ({ suspects: numbers.map((offset) => ({ offset, note: 'over' })) }),
  },
  {
    what: 'releasing held records',
    table: 'aorta_held',
    row: held,
    group: (numbers) => ({ held: numbers.map((n) => ({ op: 'remove', key: keyOf(n), seq: n })) }),
  },
  {
    what: 'counting attempts of held records',
    table: 'aorta_held',
    row: held,
    group: (numbers) => ({ held: numbers.map((n) => ({ op: 'update', row: heldRow(n) })) }),
    stays: rows,
  },
  {
    what: 'dropping what was sent',
    table: 'aorta_outbox',
    row: `${inLane}, n + 1, ''::bytea`,
    // Through the group of the last row.
    group: (numbers) => ({ sentThrough: (numbers.at(-1) ?? -1) + 1 }),
  },
];

for (const { shape, before } of [
  { shape: 'never analysed', before: 0 },
  { shape: 'analysed when it was empty', before: 0 },
  { shape: 'analysed with a few rows', before: few },
])
  for (const { what, table, row, group, stays = rows - writes * touched } of cases)
    test(`${what} costs by the rows written, not by those stored: ${shape}`, { timeout: 240_000 }, async () => {
      const { drop, ...options } = freshSchema('young');
      // One connection: its statements are prepared before there are many rows.
      const state = createPostgresState({ ...options, connections: 1 });
      const pool = new PostgresPool({ ...options, connections: 1 });
      try {
        await state.migrate();
        // The server's own analysis would come in between.
        await pool.query({ text: `alter table ${table} set (autovacuum_enabled = off)` });
        const { epoch } = await state.claim(lane, 1);
        const fill = (from: number, to: number) =>
          pool.query({ text: `insert into ${table} select ${row} from generate_series(${from}, ${to - 1}) n` });
        let number = 0;
        const write = async (numbers: readonly number[]) => {
          number++;
          const nothing = { effects: [], states: [], timers: [], outbox: [], held: [], suspects: [], redrivesDone: [], sentThrough: 0 };
          const applied = { watermark: number, runs: [], hops: {} };
          assert.deepEqual(await state.transact([{ lane, epoch, group: number, applied, ...nothing, ...group(numbers) }]), ['applied']);
        };

        if (before > 0) await fill(rows, rows + before);
        if (shape !== 'never analysed') await pool.query({ text: `analyze ${table}` });
        const unknown = table === 'aorta_outbox' ? [0] : Array.from({ length: touched }, (_, i) => 2 * rows + i);
        for (let i = 0; i < writes; i++) await write(unknown);
        await fill(0, rows);
        for (let i = 0; i < writes; i++) await write(Array.from({ length: touched }, (_, j) => i * touched + j));
        await state.close();
        const count = await rowsLookedAt(pool, table, writes * touched);
        const [left] = await pool.query({ text: `select count(*) as count from ${table}` });
        assert.equal(left?.count, stays + before);
        assert.ok(count >= writes * touched && count <= 2 * writes * touched, `${count} rows for ${writes} times ${touched}`);
        if (stays === rows) {
          const [again] = await pool.query({ text: 'select count(*) as count from aorta_held where attempt = 2' });
          assert.equal(again?.count, writes * touched);
        }
      } finally {
        await state.close();
        await pool.close();
        await drop();
      }
    });

const keyOf = (n: number): string => `p${String(n).padStart(8, '0')}`;
