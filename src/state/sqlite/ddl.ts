import type { Writer } from '../../sqlite/jobs.ts';
import { addedColumns, type Definition, sourceColumns } from '../definition.ts';
import type { ColumnType } from '../table.ts';

const sqlTypes: Readonly<Record<ColumnType, string>> = {
  text: 'TEXT',
  integer: 'INTEGER',
  real: 'REAL',
  boolean: 'INTEGER',
  json: 'TEXT',
  bytes: 'BLOB',
  timestamp: 'INTEGER',
};

/** Names are checked by `definitionOf`; quoted because some are SQL words. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const list = (names: readonly string[]): string => names.map(quoted).join(', ');

const columnOf = (definition: Definition, name: string): string => {
  const { type, nullable } = definition.columns[name] as Definition['columns'][string];
  return `${quoted(name)} ${sqlTypes[type]}${nullable ? '' : ' NOT NULL'}`;
};

/** Statements that make a declared table; STRICT, so that a value of another type is refused as in PostgreSQL. */
export function createTable(name: string, definition: Definition): readonly string[] {
  const columns = [
    ...Object.keys(definition.columns).map((column) => columnOf(definition, column)),
    ...sourceColumns.map((column) => `${column} TEXT NOT NULL`),
  ];
  return [
    `CREATE TABLE ${quoted(name)} (${columns.join(', ')}, PRIMARY KEY (${list(definition.key)})) STRICT`,
    ...definition.indexes.map((index, n) => `CREATE INDEX ${quoted(`${name}_${n + 1}`)} ON ${quoted(name)} (${list(index)})`),
  ];
}

/** Job: creates the tables that are new, adds new nullable columns, refuses anything else (AORTA_STATE_003). */
export function ensureTables(writer: Writer, declared: readonly (readonly [name: string, definition: Definition])[]): null {
  const find = writer.prepare('SELECT definition FROM aorta_table WHERE name = ?');
  const store = writer.prepare(
    'INSERT INTO aorta_table (name, definition) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET definition = excluded.definition',
  );
  for (const [name, definition] of declared) {
    const found = find.get(name) as { definition: string } | undefined;
    if (found) {
      const added = addedColumns(name, JSON.parse(found.definition) as Definition, definition);
      if (added.length === 0) continue;
      for (const column of added) writer.exec(`ALTER TABLE ${quoted(name)} ADD COLUMN ${columnOf(definition, column)}`);
    } else {
      for (const statement of createTable(name, definition)) writer.exec(statement);
    }
    store.run(name, JSON.stringify(definition));
  }
  return null;
}
