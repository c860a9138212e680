import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PostgresPool } from '../../../src/postgres/pool.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { freshSchema } from '../../support/postgres.ts';
import { rowsLookedAt } from './rows-looked-at.ts';

const rows = 3_000;
const asked = 100;
const calls = 8;
const few = 20;
const table = 'aorta_processed';

for (const { shape, before } of [
  { shape: 'never analysed', before: 0 },
  { shape: 'analysed when it was empty', before: 0 },
  { shape: 'analysed with a few rows', before: few },
]) {
  const young = async (work: (state: ReturnType<typeof createPostgresState>, fill: () => Promise<unknown>) => Promise<void>) => {
    const { drop, ...options } = freshSchema('young');
    // One connection: its statements are prepared before there are many rows.
    const state = createPostgresState({ ...options, connections: 1 });
    const pool = new PostgresPool({ ...options, connections: 1 });
    try {
      await state.migrate();
      // The server's own analysis would come in between.
      await pool.query({ text: `alter table ${table} set (autovacuum_enabled = off)` });
      const fill = (flow: string, from: number, to: number) =>
        pool.query({
          text: `insert into ${table} select '${flow}', 'n', 'p' || n, 'id' || n, 'c' || n, n, 'e', 'h', '1' from generate_series(${from}, ${to - 1}) n`,
        });
      if (before > 0) await fill('young', rows, rows + before);
      if (shape !== 'never analysed') await pool.query({ text: `analyze ${table}` });
      await work(state, async () => {
        await fill('young', 0, rows);
        // Of a flow that keeps them longer: they are the oldest of all.
        await fill('other', 0, rows);
      });
      await state.close();
      const count = await rowsLookedAt(pool, table, calls * asked);
      assert.ok(count >= calls * asked && count <= calls * asked * (before + 2), `${count} rows for ${calls} calls of ${asked}`);
    } finally {
      await state.close();
      await pool.close();
      await drop();
    }
  };

  test(`looking ids up costs by the ids, not by those stored: ${shape}`, { timeout: 240_000 }, () =>
    young(async (state, fill) => {
      const ids = (from: number) => Array.from({ length: asked }, (_, i) => (from * asked + i * 29) % rows);
      const find = (numbers: readonly number[]) =>
        state.processed(
          'young',
          numbers.map((n) => ({ node: 'n', key: `p${n}`, id: `id${n}` })),
        );
      for (let i = 0; i < calls; i++) assert.deepEqual(new Set(await find(ids(i))), new Set([null]));
      await fill();
      for (let i = 0; i < calls; i++)
        assert.deepEqual(
          await find(ids(i)),
          ids(i).map((n) => `c${n}`),
        );
      assert.deepEqual(await find([rows + few, 7, rows + few + 1]), [null, 'c7', null]);
    }),
  );

  test(`forgetting ids costs by the ids that go, not by those stored: ${shape}`, { timeout: 240_000 }, () =>
    young(async (state, fill) => {
      for (let i = 0; i < calls; i++) assert.equal(await state.forgetProcessed('young', 'n', 0, asked), 0);
      await fill();
      for (let i = 0; i < calls; i++) assert.equal(await state.forgetProcessed('young', 'n', rows, asked), asked);
      const find = (flow: string, n: number) => state.processed(flow, [{ node: 'n', key: `p${n}`, id: `id${n}` }]);
      assert.deepEqual(await find('young', calls * asked - 1), [null]);
      assert.deepEqual(await find('young', calls * asked), [`c${calls * asked}`]);
      assert.deepEqual(await find('other', 0), ['c0']);
    }),
  );
}
