import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPostgresIdentity } from '../../../src/identity/postgres/index.ts';
import { PostgresPool } from '../../../src/postgres/pool.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { rowsLookedAt } from '../../state/postgres/rows-looked-at.ts';
import { freshSchema } from '../../support/postgres.ts';

const rows = 3_000;
const asked = 20;
const calls = 10;
const tables = ['aorta_identifier', 'aorta_fingerprint', 'aorta_link', 'aorta_owed'];

for (const shape of ['never analysed', 'analysed when they were empty']) {
  test(`admitting costs by the messages of a batch, not by what is stored: tables ${shape}`, { timeout: 240_000 }, async () => {
    const { drop, ...options } = freshSchema('young');
    // One connection: its statements are prepared before there are many rows.
    const working = new PostgresPool({ ...options, connections: 1 });
    const pool = new PostgresPool({ ...options, connections: 1 });
    const identity = createPostgresIdentity(working);
    const state = createPostgresState(working);
    try {
      await state.migrate();
      for (const table of tables) {
        // The server's own analysis would come in between.
        await pool.query({ text: `alter table ${table} set (autovacuum_enabled = off)` });
        if (shape !== 'never analysed') await pool.query({ text: `analyze ${table}` });
      }
      let seq = 0;
      const admit = (numbers: readonly number[]) =>
        identity.admit(
          'here',
          numbers.map((n) => {
            seq++;
            return {
              ...{ seq, eventId: `e${seq}`, patientId: `p${n}`, identifiers: [{ system: 's', value: `m${n}` }] },
              fingerprint: { sender: 'A', controlId: `c${n}`, digest: `d${seq}` },
              append: { topic: 't', key: `p${n}`, value: Buffer.from('x'), headers: {} },
            };
          }),
          seq,
          1_000,
        );
      const numbers = (from: number) => Array.from({ length: asked }, (_, i) => (from * asked + i * 29) % rows);
      for (let i = 0; i < calls; i++) await admit(numbers(i).map((n) => rows + n));
      const fill = (text: string) => pool.query({ text: `${text} from generate_series(0, ${rows - 1}) n` });
      await fill(`insert into aorta_identifier select 's', 'm' || n, 'p' || n`);
      await fill(`insert into aorta_fingerprint select 'A', 'c' || n, 'old', 'o' || n, 'p' || n, 'here', -n, 1`);
      await fill(
        `insert into aorta_link (id, from_patient, to_patient, linked_at, identifiers, active, instance, seq) select 'l' || n, 'f' || n, 'p' || n, 1, '[]', 1, 'there', n`,
      );
      const before = new Map<string, number>();
      for (const table of tables) before.set(table, await rowsLookedAt(pool, table, 0));
      for (let i = 0; i < calls; i++) {
        const outcomes = await admit(numbers(i));
        // Each control id is known, with other content.
        assert.deepEqual(new Set(outcomes.map((outcome) => outcome.kind === 'admitted' && outcome.controlIdReused)), new Set([true]));
        const found = await identity.resolve(numbers(i).map((n) => [{ system: 's', value: `m${n}` }]));
        assert.deepEqual(
          found.map(({ patientId }) => patientId),
          numbers(i).map((n) => `p${n}`),
        );
      }
      await working.close();
      // Links are looked at only where another instance owes something.
      for (const [table, least] of [
        ['aorta_identifier', calls * asked],
        ['aorta_fingerprint', calls * asked],
        ['aorta_link', 0],
      ] as const) {
        const count = (await rowsLookedAt(pool, table, least)) - (before.get(table) ?? 0);
        // What was written before is counted late, too.
        assert.ok(count >= least && count <= calls * asked * 8, `${count} rows of ${table} for ${calls} calls of ${asked}`);
      }
    } finally {
      await working.close();
      await pool.close();
      await drop();
    }
  });
}
