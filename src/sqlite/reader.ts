import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { error } from '../errors/index.ts';
import type { Value } from './database.ts';
import { coded, sqliteCode } from './failure.ts';

/** Prepared statements kept; the edge's queries are few, so this is a bound, not a tuning knob. */
const mostStatements = 256;

interface Prepared {
  readonly statement: StatementSync;
  /** Number of `?`, once somebody asked. */
  places?: number;
}

/** The main thread's reads, with prepared statements by text. */
export interface Reader {
  all(sql: string, params: readonly Value[]): object[];
  each(sql: string, params: readonly Value[]): Iterable<object>;
  /** As `all`; the number of values must be that of the places (SQLite itself takes missing ones as NULL). */
  checked(sql: string, params: readonly Value[]): object[];
}

export function reader(connection: DatabaseSync, file: string): Reader {
  const cache = new Map<string, Prepared>();
  const prepare = (sql: string): Prepared => {
    const known = cache.get(sql);
    if (known) {
      cache.delete(sql);
      cache.set(sql, known);
      return known;
    }
    if (cache.size >= mostStatements) cache.delete(cache.keys().next().value as string);
    const prepared: Prepared = { statement: connection.prepare(sql) };
    cache.set(sql, prepared);
    return prepared;
  };
  const failed = (thrown: unknown) => {
    // 8 READONLY: a statement that writes was given to the connection that reads.
    if (sqliteCode(thrown) === 8) return error('AORTA_SQLITE_006', { problem: 'it writes' }, { cause: thrown });
    return coded(thrown, file);
  };
  const all = (sql: string, params: readonly Value[]): object[] => {
    try {
      return prepare(sql).statement.all(...params) as object[];
    } catch (thrown) {
      throw failed(thrown);
    }
  };
  return {
    all,
    *each(sql, params) {
      try {
        yield* prepare(sql).statement.iterate(...params) as Iterable<object>;
      } catch (thrown) {
        throw failed(thrown);
      }
    },
    checked(sql, params) {
      try {
        const prepared = prepare(sql);
        prepared.places ??= placesOf(prepared.statement);
        if (prepared.places !== params.length) {
          throw error('AORTA_SQLITE_006', { problem: `it has ${prepared.places} places, ${params.length} values were given` });
        }
      } catch (thrown) {
        throw failed(thrown);
      }
      return all(sql, params);
    },
  };
}

/** Binding one value more than a statement has places is refused, without running it; node:sqlite has no count to ask for. */
function placesOf(statement: StatementSync): number {
  for (let places = 0; ; places++) {
    try {
      const rows = statement.iterate(...new Array<null>(places + 1).fill(null));
      rows.return?.();
    } catch (thrown) {
      if (sqliteCode(thrown) === 25 /* RANGE */) return places;
      throw thrown;
    }
  }
}
