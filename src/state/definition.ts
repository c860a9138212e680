import { error } from '../errors/index.ts';
import type { Column, ColumnType, Table } from './table.ts';

/**
 * What a declared table is in a database: checked and in canonical form. Both adapters keep it in `aorta_table`
 * and compare it with the stored one before any DDL.
 *
 * Names are snake_case, so that unquoted portable SQL means the same in both (PostgreSQL folds capitals).
 */
export interface Definition {
  readonly columns: Readonly<Record<string, { readonly type: ColumnType; readonly nullable: boolean }>>;
  readonly key: readonly string[];
  readonly indexes: readonly (readonly string[])[];
}

/** Columns that every declared table has besides its own. */
export const sourceColumns = ['source_event', 'source_flow', 'source_version'] as const;

const types: ReadonlySet<string> = new Set(['text', 'integer', 'real', 'boolean', 'json', 'bytes', 'timestamp']);
const namePattern = /^[a-z][a-z0-9_]{0,62}$/;
const reserved = /^(aorta_|sqlite_|pg_)/;

/** Checks a declaration (AORTA_STATE_008) and gives its canonical form; marks of PHI are not part of it. */
export function definitionOf(table: Table<never>): Definition {
  const { name, key, indexes = [] } = table as unknown as Table;
  const columns = (table as unknown as Table).columns as Readonly<Record<string, Column>>;
  const refuse = (problem: string) => error('AORTA_STATE_008', { table: String(name).slice(0, 63), problem });

  if (!namePattern.test(name)) throw refuse('its name is not snake_case of at most 63 characters');
  if (reserved.test(name)) throw refuse('names that begin with aorta_, sqlite_ or pg_ are taken');
  for (const [column, { type }] of Object.entries(columns)) {
    if (!namePattern.test(column)) throw refuse(`the name of column ${column.slice(0, 63)} is not snake_case of at most 63 characters`);
    if ((sourceColumns as readonly string[]).includes(column)) throw refuse(`every table has column ${column} already`);
    if (!types.has(type)) throw refuse(`column ${column} has the unknown type ${type}`);
  }
  if (key.length === 0) throw refuse('it has no key');
  if (new Set(key).size !== key.length) throw refuse('its key names a column twice');
  for (const column of key) {
    if (!Object.hasOwn(columns, column)) throw refuse(`its key column ${column} is not declared`);
    if (columns[column]?.nullable) throw refuse(`its key column ${column} is nullable`);
  }
  for (const column of indexes.flat()) if (!Object.hasOwn(columns, column)) throw refuse(`column ${column} of an index is not declared`);

  return {
    columns: Object.fromEntries(
      Object.keys(columns)
        .sort()
        .map((column) => [column, { type: (columns[column] as Column).type, nullable: columns[column]?.nullable === true }]),
    ),
    key: [...key],
    indexes: indexes.map((index) => [...index]),
  };
}

/** The definition of each table by name; one name with two shapes is refused (AORTA_STATE_008). */
export function definitionsOf(tables: readonly Table<never>[]): ReadonlyMap<string, Definition> {
  const definitions = new Map<string, Definition>();
  for (const table of tables) {
    const definition = definitionOf(table);
    const other = definitions.get(table.name);
    if (other && JSON.stringify(other) !== JSON.stringify(definition)) {
      throw error('AORTA_STATE_008', { table: table.name, problem: 'it is declared twice with different columns, key or indexes' });
    }
    definitions.set(table.name, definition);
  }
  return definitions;
}

/** Columns to add to what is stored; any other difference is refused (AORTA_STATE_003). */
export function addedColumns(table: string, stored: Definition, declared: Definition): readonly string[] {
  const refuse = (problem: string) => error('AORTA_STATE_003', { table, problem });
  for (const [column, { type, nullable }] of Object.entries(stored.columns)) {
    const now = declared.columns[column];
    if (!now) throw refuse(`column ${column} is left out`);
    if (now.type !== type) throw refuse(`column ${column} changes from ${type} to ${now.type}`);
    if (now.nullable !== nullable) throw refuse(`column ${column} becomes ${now.nullable ? 'nullable' : 'not nullable'}`);
  }
  if (stored.key.join() !== declared.key.join()) throw refuse(`its key changes from (${stored.key}) to (${declared.key})`);
  if (JSON.stringify(stored.indexes) !== JSON.stringify(declared.indexes)) throw refuse('its indexes change');
  const added = Object.keys(declared.columns).filter((column) => !Object.hasOwn(stored.columns, column));
  for (const column of added) if (!declared.columns[column]?.nullable) throw refuse(`the new column ${column} is not nullable`);
  return added;
}
