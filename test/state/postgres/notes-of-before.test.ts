import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PostgresPool } from '../../../src/postgres/pool.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { freshSchema } from '../../support/postgres.ts';

test('what a version before counted of a suspect is as many notes, which the next owner counts and removes', async () => {
  const { drop, ...options } = freshSchema('notes');
  const state = createPostgresState({ ...options, connections: 1 });
  const pool = new PostgresPool({ ...options, connections: 1 });
  try {
    await state.migrate();
    await pool.query({ text: 'drop table aorta_try' });
    await pool.query({ text: `delete from aorta_migration where name = '0012_try.sql'` });
    await pool.query({ text: `insert into aorta_suspect values ('f', 'main', 't', 0, 7, 3), ('f', 'main', 't', 0, 9, 1)` });
    await state.migrate();
    const claimed = await state.claim({ flow: 'f', lane: 'main', topic: 't', partition: 0 }, 1);
    assert.deepEqual(claimed.suspects, [
      { offset: 7, epoch: -2 },
      { offset: 7, epoch: -1 },
      { offset: 7, epoch: 0 },
      { offset: 9, epoch: 0 },
    ]);
  } finally {
    await state.close();
    await pool.close();
    await drop();
  }
});

test('what is settled is settled for workers of the version before too', async () => {
  const { drop, ...options } = freshSchema('notes');
  const state = createPostgresState({ ...options, connections: 1 });
  const pool = new PostgresPool({ ...options, connections: 1 });
  try {
    await state.migrate();
    await pool.query({ text: `insert into aorta_suspect values ('f', 'main', 't', 0, 7, 3), ('f', 'main', 't', 0, 9, 1)` });
    const lane = { flow: 'f', lane: 'main', topic: 't', partition: 0 };
    const { epoch } = await state.claim(lane, 1);
    const nothing = { effects: [], states: [], timers: [], outbox: [], held: [], redrivesDone: [], sentThrough: 0 };
    const applied = { watermark: 1, runs: [], hops: {} };
    await state.transact([
      {
        lane,
        epoch,
        group: 1,
        applied,
        ...nothing,
        suspects: [
          { offset: 7, note: 'settled' },
          { offset: 9, note: 'over' },
        ],
      },
    ]);
    assert.deepEqual(await pool.query({ text: 'select record_offset as offset from aorta_suspect' }), [{ offset: 9 }]);
  } finally {
    await state.close();
    await pool.close();
    await drop();
  }
});

test('an owner that tells what it outlived locks rows in the order of the group of its successor', async () => {
  const { drop, ...options } = freshSchema('notes');
  const state = createPostgresState({ ...options, connections: 1 });
  const pool = new PostgresPool({ ...options, connections: 3 });
  try {
    await state.migrate();
    const lane = { flow: 'f', lane: 'main', topic: 't', partition: 0 };
    // The first row of the table has the greater offset; enough of them for a plan by the index.
    await pool.query({ text: `insert into aorta_try select 'f', 'main', 't', 0, 3000 - n, 1 from generate_series(1, 2999) n` });
    let telling: Promise<void> | undefined;
    await pool.transaction(async (holder) => {
      await holder.run([{ text: 'select from aorta_try where record_offset = 2999 for update' }]);
      telling = state.outlived(lane, 1, [1, 2999]);
      const waits = { text: "select 1 from pg_locks where locktype = 'transactionid' and not granted" };
      for (let i = 0; i < 100 && (await pool.query(waits)).length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
      const free = await pool.query({ text: 'select 1 as free from aorta_try where record_offset = 1 for update skip locked' });
      assert.deepEqual(free, [{ free: 1 }]);
    });
    await telling;
    assert.deepEqual(await pool.query({ text: 'select count(*) as count from aorta_try' }), [{ count: 2997 }]);
  } finally {
    await state.close();
    await pool.close();
    await drop();
  }
});
