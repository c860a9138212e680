import { array, type ElementType } from '../../../postgres/array.ts';
import type { Statement } from '../../../postgres/pool.ts';
import type { EffectWrite } from '../../port.ts';
import { type RowWrite, rowWrite, type Stored } from '../../row.ts';
import type { ColumnType, Table } from '../../table.ts';
import { byWriter } from './rows.ts';
import { waves } from './waves.ts';

const elements: Readonly<Record<ColumnType, ElementType>> = {
  text: 'text',
  json: 'text',
  integer: 'int8',
  timestamp: 'int8',
  real: 'float8',
  boolean: 'int2',
  bytes: 'bytea',
};

/** The statements of all effects of a transaction: one for each table, wave and shape of operation, in a fixed order. */
export function effectStatements(effects: readonly EffectWrite[]): Statement[] {
  const tables = new Map<string, { table: Table; writes: RowWrite[] }>();
  for (const { effect, source } of effects) {
    let entry = tables.get(effect.table.name);
    if (!entry) {
      entry = { table: effect.table as unknown as Table, writes: [] };
      tables.set(effect.table.name, entry);
    }
    entry.writes.push(rowWrite(effect, source));
  }
  const statements: Statement[] = [];
  for (const name of [...tables.keys()].sort()) {
    const { table, writes } = tables.get(name) as { table: Table; writes: RowWrite[] };
    for (const wave of waves(writes)) {
      const shapes = Map.groupBy(wave, shapeOf);
      for (const shape of [...shapes.keys()].sort())
        for (const same of byWriter(shapes.get(shape) as RowWrite[])) statements.push(statement(table, same));
    }
  }
  return statements;
}

function shapeOf(write: RowWrite): string {
  if (write.op === 'upsert') return `upsert ${write.newerBy ?? ''}`;
  return write.op === 'update' ? `update ${Object.keys(write.set).sort()}` : write.op;
}

/** All writes have one shape and one flow version, and no row twice. */
function statement(table: Table, writes: readonly RowWrite[]): Statement {
  const first = writes[0] as RowWrite;
  const key = table.key as readonly string[];
  const typeOf = (column: string): ElementType => elements[(table.columns[column] as { type: ColumnType }).type];
  const values: (Buffer | string)[] = [];
  const places: string[] = [];
  const place = (type: ElementType, list: readonly Stored[]): void => {
    values.push(array(type, list));
    places.push(`$${values.length}::${type}[]`);
  };
  /** The event of each; flow and version, which all have in common, once. The last call: `from` takes lists only. */
  const sources = (): string => {
    place(
      'text',
      writes.map(({ source }) => source.eventId),
    );
    values.push(first.source.flowHash, first.source.version);
    return `$${values.length - 1}::text, $${values.length}::text`;
  };
  const keys = (): void => {
    for (const [i, column] of key.entries())
      place(
        typeOf(column),
        writes.map((write) => write.key[i] as Stored),
      );
  };
  const from = (columns: readonly string[]) => `unnest(${places}) as g(${columns.map(quote)})`;
  const matches = key.map((column) => `t.${quote(column)} = g.${quote(column)}`).join(' and ');

  if (first.op === 'remove') {
    keys();
    return { text: `delete from ${quote(table.name)} t using ${from(key)} where ${matches}`, values, prepared: true };
  }
  if (first.op === 'update') {
    const set = Object.keys(first.set).sort();
    keys();
    for (const column of set)
      place(
        typeOf(column),
        writes.map((write) => (write as typeof first).set[column] as Stored),
      );
    const writer = sources();
    const changed = [...set, 'source_event'];
    const assignments = changed.map((column) => `${quote(column)} = g.${quote(column)}`);
    const text = `update ${quote(table.name)} t set ${assignments}, (source_flow, source_version) = row(${writer})
      from ${from([...key, ...changed])} where ${matches}`;
    // Which columns are set is up to the flow: too many combinations to keep all of them prepared.
    return { text, values, prepared: set.length <= 3 };
  }
  const columns = Object.keys(table.columns).sort();
  for (const column of columns)
    place(
      typeOf(column),
      writes.map((write) => (write as typeof first).row[column] as Stored),
    );
  const writer = sources();
  const listed = [...columns, 'source_event'];
  const all = [...listed, 'source_flow', 'source_version'];
  const insert = `insert into ${quote(table.name)} as t (${all.map(quote)}) select g.*, ${writer} from ${from(listed)}
    on conflict (${key.map(quote)}) do`;
  if (first.op === 'insert') return { text: `${insert} nothing`, values, prepared: true };
  const assignments = all.filter((column) => !key.includes(column)).map((column) => `${quote(column)} = excluded.${quote(column)}`);
  const newer = first.newerBy === null ? '' : ` where (t.${quote(first.newerBy)} > excluded.${quote(first.newerBy)}) is not true`;
  return { text: `${insert} update set ${assignments}${newer}`, values, prepared: true };
}

const quote = (name: string): string => `"${name}"`;
