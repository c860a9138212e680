import type { Pack } from '../../sqlite/jobs.ts';
import { sourceColumns } from '../definition.ts';
import { type RowWrite, rowWrite, type Stored } from '../row.ts';
import type { Column, Effect, Source, Table } from '../table.ts';
import { quoted } from './ddl.ts';

/** One effect as a prepared statement and its values. */
export interface EffectStatement {
  readonly sql: string;
  readonly values: readonly (string | number | Uint8Array | null)[];
}

/** SQL of a table's operations. A flow's tables are constants, so each text is made once. */
const texts = new WeakMap<Table<never>, Map<string, string>>();

/** Checks the effect (AORTA_STATE_004) and turns it into a statement. */
export function effectStatement(effect: Effect, source: Source, pack: Pack): EffectStatement {
  const write = rowWrite(effect, source);
  const columns = Object.keys(effect.table.columns as Readonly<Record<string, Column>>);
  const kind = kindOf(write);
  let known = texts.get(effect.table);
  if (!known) {
    known = new Map();
    texts.set(effect.table, known);
  }
  let sql = known.get(kind);
  if (sql === undefined) {
    sql = sqlOf(effect.table as unknown as Table, columns, write);
    known.set(kind, sql);
  }
  const values = valuesOf(columns, write, source).map((value) => (value instanceof Uint8Array ? pack(value) : value));
  return { sql, values };
}

function kindOf(write: RowWrite): string {
  if (write.op === 'upsert') return `upsert ${write.newerBy ?? ''}`;
  if (write.op === 'update') return `update ${Object.keys(write.set).join()}`;
  return write.op;
}

function valuesOf(columns: readonly string[], write: RowWrite, source: Source): Stored[] {
  const sources = [source.eventId, source.flowHash, source.version];
  if (write.op === 'remove') return [...write.key];
  if (write.op === 'update') return [...Object.values(write.set), ...sources, ...write.key];
  return [...columns.map((column) => write.row[column] as Stored), ...sources];
}

function sqlOf(table: Table, columns: readonly string[], write: RowWrite): string {
  const name = quoted(table.name);
  const key = (table.key as readonly string[]).map(quoted);
  const byKey = key.map((column) => `${column} = ?`).join(' AND ');
  if (write.op === 'remove') return `DELETE FROM ${name} WHERE ${byKey}`;
  if (write.op === 'update') {
    const sets = [...Object.keys(write.set), ...sourceColumns].map((column) => `${quoted(column)} = ?`);
    return `UPDATE ${name} SET ${sets.join(', ')} WHERE ${byKey}`;
  }
  const all = [...columns, ...sourceColumns].map(quoted);
  const insert = `INSERT INTO ${name} (${all.join(', ')}) VALUES (${all.map(() => '?').join(', ')}) ON CONFLICT (${key.join(', ')})`;
  if (write.op === 'insert') return `${insert} DO NOTHING`;
  const sets = all.filter((column) => !key.includes(column)).map((column) => `${column} = excluded.${column}`);
  const newer = write.newerBy === null ? '' : ` WHERE (${name}.${quoted(write.newerBy)} > excluded.${quoted(write.newerBy)}) IS NOT TRUE`;
  return `${insert} DO UPDATE SET ${sets.join(', ')}${newer}`;
}
