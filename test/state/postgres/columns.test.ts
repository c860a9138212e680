import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PostgresPool } from '../../../src/postgres/pool.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { freshSchema } from '../../support/postgres.ts';

test("large values are compressed by lz4, or not at all where they do not stay: never by the server's default", async () => {
  const { drop, ...options } = freshSchema('columns');
  const pool = new PostgresPool({ ...options, connections: 1 });
  const state = createPostgresState(pool);
  try {
    await state.migrate();
    const lane = { flow: 'f', lane: 'main', topic: 't', partition: 0 };
    const { epoch } = await state.claim(lane, 1);
    const source = { eventId: 'e', flowHash: 'h', version: '1' };
    const value = Buffer.from('PID|1||PATID1234^5^M11||EVERYMAN^ADAM^A^III\r'.repeat(400));
    await state.transact([
      {
        ...{ lane, epoch, group: 1, applied: { watermark: 1, runs: [], hops: {} }, sentThrough: 0 },
        ...{ effects: [], held: [], suspects: [], redrivesDone: [] },
        states: [{ store: 's', key: 'p', value, version: 1, source }],
        timers: [{ node: 'n', key: 'p', name: 'x', due: 1, payload: value, eventId: 'e' }],
        outbox: [{ topic: 'o', partition: 0, key: 'p', value, headers: {}, timestamp: 0 }],
      },
    ]);
    const methods = "(select string_agg(name, ',') from pg_settings where name = 'default_toast_compression' and 'lz4' = any(enumvals))";
    const [row] = await pool.query({
      text: `select (select pg_column_compression(records) from aorta_outbox) as outbox, (select pg_column_compression(value) from aorta_state) as state,
        (select pg_column_compression(payload) from aorta_timer) as timer, ${methods} is not null as built`,
    });
    const built = row?.built === 1;
    assert.equal(row?.outbox, built ? 'lz4' : null);
    assert.equal(row?.state, built ? 'lz4' : 'pglz');
    assert.equal(row?.timer, built ? 'lz4' : 'pglz');
    assert.deepEqual((await state.states('f', 's', ['p']))[0]?.value, value);
  } finally {
    await state.close();
    await pool.close();
    await drop();
  }
});
