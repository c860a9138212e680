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
