import { createHash } from 'node:crypto';
import { error } from '../../errors/index.ts';
import { StatementError } from '../../postgres/errors.ts';
import { exclusively } from '../../postgres/migrate.ts';
import type { PostgresPool, Session } from '../../postgres/pool.ts';
import { addedColumns, type Definition, definitionsOf, sourceColumns } from '../definition.ts';
import type { ColumnType, Table } from '../table.ts';

const sqlTypes: Readonly<Record<ColumnType, string>> = {
  text: 'text collate "C"',
  json: 'text',
  integer: 'bigint',
  timestamp: 'bigint',
  real: 'double precision',
  boolean: 'smallint',
  bytes: 'bytea',
};
const duplicateTable = '42P07';

/** Creates declared tables and adds new nullable columns, all or nothing, under the lock of the migrations. */
export async function ensureTables(pool: PostgresPool, tables: readonly Table<never>[]): Promise<void> {
  const declared = definitionsOf(tables);
  if (declared.size === 0) return;
  const ledger = { text: 'select name, definition from aorta_table' };
  // Most starts change nothing: they need no lock.
  if (changes(declared, await pool.query(ledger)).length === 0) return;
  await exclusively(pool, async (session) => {
    const [stored] = await session.run([ledger]);
    for (const change of changes(declared, stored ?? [])) await apply(session, change);
  });
}

interface Change {
  readonly name: string;
  readonly definition: Definition;
  /** `null`: the table is new. */
  readonly added: readonly string[] | null;
}

function changes(declared: ReadonlyMap<string, Definition>, rows: readonly Record<string, unknown>[]): Change[] {
  const stored = new Map(rows.map((row) => [row.name as string, row.definition as string]));
  const result: Change[] = [];
  for (const [name, definition] of declared) {
    const before = stored.get(name);
    if (before === undefined) result.push({ name, definition, added: null });
    else if (before !== JSON.stringify(definition)) {
      result.push({ name, definition, added: addedColumns(name, JSON.parse(before) as Definition, definition) });
    }
  }
  return result;
}

async function apply(session: Session, { name, definition, added }: Change): Promise<void> {
  const column = (of: string): string => {
    const { type, nullable } = definition.columns[of] as Definition['columns'][string];
    return `"${of}" ${sqlTypes[type]}${nullable ? '' : ' not null'}`;
  };
  const ddl: string[] = [];
  if (added === null) {
    const columns = [...Object.keys(definition.columns).map(column), ...sourceColumns.map((of) => `"${of}" text not null`)];
    ddl.push(`create table "${name}" (${columns.join(', ')}, primary key (${definition.key.map((of) => `"${of}"`)}))`);
    for (const index of definition.indexes) {
      ddl.push(`create index "${indexName(name, index)}" on "${name}" (${index.map((of) => `"${of}"`)})`);
    }
  } else {
    for (const of of added) ddl.push(`alter table "${name}" add column ${column(of)}`);
  }
  try {
    await session.run(ddl.map((text) => ({ text })));
  } catch (thrown) {
    if (thrown instanceof StatementError && thrown.sqlState === duplicateTable) {
      throw error('AORTA_STATE_003', { table: name, problem: 'a table of that name is there already, and it is not ours' });
    }
    throw thrown;
  }
  await session.run([
    {
      text: 'insert into aorta_table (name, definition) values ($1, $2) on conflict (name) do update set definition = excluded.definition',
      values: [name, JSON.stringify(definition)],
    },
  ]);
}

/** PostgreSQL cuts names at 63 bytes, after which two indexes could have one name. */
const indexName = (table: string, columns: readonly string[]): string =>
  `${table.slice(0, 50)}_${createHash('sha256').update(`${table}(${columns})`).digest('hex').slice(0, 10)}`;
