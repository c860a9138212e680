/** Tables that flows write. Declared once, as data; each adapter makes its own DDL and batches the operations its way. */
export type ColumnType = 'text' | 'integer' | 'real' | 'boolean' | 'json' | 'bytes' | 'timestamp';

export interface Column {
  readonly type: ColumnType;
  readonly nullable?: boolean;
  /** Personal health information: masked in every operator view. */
  readonly phi?: boolean;
}

/**
 * `timestamp` values are milliseconds since 1970 (stored as integers in both adapters, so that SQL stays portable);
 * `json` values are stored as text; `boolean` as 0/1 integers.
 * Every table also has `source_event` (text), `source_flow` (graph hash) and `source_version` (mapping version).
 */
export interface Table<Row extends object = Record<string, unknown>> {
  readonly name: string;
  readonly columns: { readonly [C in keyof Row & string]: Column };
  readonly key: readonly (keyof Row & string)[];
  readonly indexes?: readonly (readonly (keyof Row & string)[])[];
}

export type Source = { readonly eventId: string; readonly flowHash: string; readonly version: string };

/**
 * One write to one row. Operations on the same row apply in order.
 * - `insert`: does nothing if the key exists (insert-if-absent).
 * - `upsert`: whole row; `where: 'newer'` (with `by`) leaves the row if its `by` column is greater than the new one.
 * - `update`: given columns of an existing row; nothing if absent.
 * - `remove`: by key.
 */
export type Effect =
  | { readonly op: 'insert'; readonly table: Table<never>; readonly row: object }
  | { readonly op: 'upsert'; readonly table: Table<never>; readonly row: object; readonly newerBy?: string }
  | { readonly op: 'update'; readonly table: Table<never>; readonly key: object; readonly set: object }
  | { readonly op: 'remove'; readonly table: Table<never>; readonly key: object };

/** Declares a table; the row type is inferred from use: `table<Visit>('visit', {...})`. */
export function table<Row extends object>(name: string, spec: Omit<Table<Row>, 'name'>): Table<Row> {
  return { name, ...spec };
}

/** Effect builders, typed by the table. */
export const effect = {
  insert: <R extends object>(t: Table<R>, row: R): Effect => ({ op: 'insert', table: t as unknown as Table<never>, row }),
  upsert: <R extends object>(t: Table<R>, row: R, newerBy?: keyof R & string): Effect => ({
    op: 'upsert',
    table: t as unknown as Table<never>,
    row,
    ...(newerBy === undefined ? {} : { newerBy }),
  }),
  update: <R extends object>(t: Table<R>, key: Partial<R>, set: Partial<R>): Effect => ({
    op: 'update',
    table: t as unknown as Table<never>,
    key,
    set,
  }),
  remove: <R extends object>(t: Table<R>, key: Partial<R>): Effect => ({
    op: 'remove',
    table: t as unknown as Table<never>,
    key,
  }),
};
