import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { migrate } from '../../src/postgres/migrate.ts';
import { PostgresPool } from '../../src/postgres/pool.ts';
import { freshSchema } from '../support/postgres.ts';

/** Tables that both adapters have; the rest belongs to one of them. */
const shared = [
  'aorta_lane',
  'aorta_state',
  'aorta_timer',
  'aorta_outbox',
  'aorta_held',
  'aorta_try',
  'aorta_redrive',
  'aorta_table',
  'aorta_identifier',
  'aorta_fingerprint',
  'aorta_owed',
  'aorta_instance',
  'aorta_link',
  'aorta_quarantine',
  'aorta_job',
  'aorta_brake',
  'aorta_redriven',
  'aorta_landmark',
  'aorta_processed',
  'aorta_advice',
  'aorta_advice_feedback',
];
const families: Readonly<Record<string, string>> = {
  text: 'TEXT',
  bigint: 'INTEGER',
  integer: 'INTEGER',
  smallint: 'INTEGER',
  bytea: 'BLOB',
  'double precision': 'REAL',
};

interface Column {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
}

describe('the tables of both State adapters', () => {
  const { drop, ...options } = freshSchema('tables');
  const sqlite = new DatabaseSync(':memory:');
  let pool: PostgresPool;
  before(async () => {
    pool = new PostgresPool(options);
    await migrate(pool);
    const folder = new URL('../../src/sqlite/migrations/', import.meta.url);
    for (const name of readdirSync(folder).sort()) if (name.endsWith('.sql')) sqlite.exec(readFileSync(new URL(name, folder), 'utf8'));
  });
  after(async () => {
    sqlite.close();
    await pool.close();
    await drop();
  });

  /** The columns of a key in no order: that of an index is a matter of speed. */
  const ofPostgres = async (table: string): Promise<{ columns: Column[]; key: string[] }> => {
    const columns = await pool.query({
      text: 'select column_name as name, data_type as type, is_nullable from information_schema.columns where table_schema = $1 and table_name = $2',
      values: [options.schema, table],
    });
    const key = await pool.query({
      text: `select k.column_name as name from information_schema.key_column_usage k join information_schema.table_constraints c using (constraint_schema, constraint_name)
        where c.constraint_type = 'PRIMARY KEY' and k.table_schema = $1 and k.table_name = $2 order by k.ordinal_position`,
      values: [options.schema, table],
    });
    return {
      columns: columns
        .map((row) => ({ name: row.name as string, type: families[row.type as string] as string, nullable: row.is_nullable === 'YES' }))
        .sort(byName),
      key: key.map((row) => row.name as string).sort(),
    };
  };
  const ofSqlite = (table: string): { columns: Column[]; key: string[] } => {
    const rows = sqlite.prepare('select name, type, "notnull" as required, pk from pragma_table_info(?)').all(table) as {
      name: string;
      type: string;
      required: number;
      pk: number;
    }[];
    return {
      columns: rows.map(({ name, type, required, pk }) => ({ name, type, nullable: required === 0 && pk === 0 })).sort(byName),
      key: rows
        .filter(({ pk }) => pk > 0)
        .map(({ name }) => name)
        .sort(),
    };
  };
  const byName = (a: Column, b: Column): number => (a.name < b.name ? -1 : 1);

  for (const table of shared) {
    it(`${table} has the same columns and key`, async () => {
      const one = await ofPostgres(table);
      assert.ok(one.columns.length > 0);
      assert.deepEqual(one, ofSqlite(table));
    });
  }

  it('no table of PostgreSQL is left out of the comparison', async () => {
    const rows = await pool.query({
      text: `select table_name as name from information_schema.tables where table_schema = $1 order by 1`,
      values: [options.schema],
    });
    assert.deepEqual(
      rows.map((row) => row.name),
      [...shared, 'aorta_blob', 'aorta_migration', 'aorta_suspect'].sort(),
    );
  });
});
