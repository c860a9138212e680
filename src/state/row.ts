import { error } from '../errors/index.ts';
import type { Column, ColumnType, Effect, Source, Table } from './table.ts';

/** A column's value as both databases store it; see `table.ts` for the types. */
export type Stored = string | number | Buffer | null;

/** One effect, checked against its table, with stored values in it. `key` holds the key columns' values in key order. */
export type RowWrite =
  | { readonly op: 'insert'; readonly key: readonly Stored[]; readonly row: Readonly<Record<string, Stored>>; readonly source: Source }
  | {
      readonly op: 'upsert';
      readonly key: readonly Stored[];
      /** Every column of the table; what was left out is null. */
      readonly row: Readonly<Record<string, Stored>>;
      readonly newerBy: string | null;
      readonly source: Source;
    }
  | { readonly op: 'update'; readonly key: readonly Stored[]; readonly set: Readonly<Record<string, Stored>>; readonly source: Source }
  | { readonly op: 'remove'; readonly key: readonly Stored[]; readonly source: Source };

const refuse = (table: string, problem: string) => error('AORTA_STATE_004', { table, problem });

/** Checks an effect (AORTA_STATE_004) so that a wrong row fails alike on both databases, and without its values in the message. */
export function rowWrite(effect: Effect, source: Source): RowWrite {
  const table = effect.table as unknown as Table;
  const { name, columns } = table;
  switch (effect.op) {
    case 'insert':
    case 'upsert': {
      const row = values(table, effect.row);
      for (const column of Object.keys(columns)) {
        row[column] ??= null;
        if (row[column] === null && !columns[column]?.nullable) throw refuse(name, `column ${column} is not nullable`);
      }
      if (effect.op === 'insert') return { op: 'insert', key: keyOf(table, row), row, source };
      const newerBy = effect.newerBy ?? null;
      if (newerBy !== null && !Object.hasOwn(columns, newerBy)) throw refuse(name, `column ${newerBy} is not declared`);
      return { op: 'upsert', key: keyOf(table, row), row, newerBy, source };
    }
    case 'update': {
      const set = values(table, effect.set);
      for (const [column, value] of Object.entries(set)) {
        if (table.key.includes(column)) throw refuse(name, `key column ${column} cannot be updated`);
        if (value === null && !columns[column]?.nullable) throw refuse(name, `column ${column} is not nullable`);
      }
      return { op: 'update', key: keyOf(table, only(table, values(table, effect.key))), set, source };
    }
    case 'remove':
      return { op: 'remove', key: keyOf(table, only(table, values(table, effect.key))), source };
  }
}

/** The stored values of what was given. It runs for each row: nothing is made that is not kept. */
function values({ name, columns }: Table, given: object): Record<string, Stored> {
  const row: Record<string, Stored> = {};
  for (const column of Object.keys(given)) {
    const declared = Object.hasOwn(columns, column) ? columns[column] : undefined;
    if (!declared) throw refuse(name, `column ${column} is not declared`);
    row[column] = stored(name, column, declared, (given as Record<string, unknown>)[column]);
  }
  return row;
}

function keyOf({ name, key }: Table, row: Readonly<Record<string, Stored>>): Stored[] {
  return key.map((column) => {
    const value = row[column];
    if (value === undefined || value === null) throw refuse(name, `key column ${column} is missing`);
    return value;
  });
}

function only(table: Table, key: Record<string, Stored>): Record<string, Stored> {
  for (const column of Object.keys(key))
    if (!table.key.includes(column)) throw refuse(table.name, `column ${column} is not part of the key`);
  return key;
}

/** `undefined` is null. A string given for `json` is taken as JSON text; anything else is serialised. */
function stored(table: string, column: string, { type }: Column, value: unknown): Stored {
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'text':
      return text(table, column, value, type);
    case 'json':
      return text(table, column, typeof value === 'string' ? value : JSON.stringify(value), type);
    case 'integer':
    case 'timestamp':
      if (!Number.isSafeInteger(value)) throw wants(table, column, type);
      return value as number;
    case 'real':
      if (!Number.isFinite(value)) throw wants(table, column, type);
      return value as number;
    case 'boolean':
      if (value === true || value === 1) return 1;
      if (value === false || value === 0) return 0;
      throw wants(table, column, type);
    case 'bytes':
      if (!(value instanceof Uint8Array)) throw wants(table, column, type);
      return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
}

const wants = (table: string, column: string, type: ColumnType): Error => refuse(table, `column ${column} wants ${type}`);

function text(table: string, column: string, value: unknown, type: ColumnType): string {
  if (typeof value !== 'string') throw wants(table, column, type);
  // PostgreSQL cannot store it; SQLite would cut the text there in some functions.
  if (value.includes('\u0000')) throw refuse(table, `column ${column} holds the null character`);
  return value;
}
