import { AortaError, error } from '../../errors/index.ts';
import { buffer } from '../../sqlite/bytes.ts';
import type { Database } from '../../sqlite/database.ts';

/** A read for the edge: plain objects, blobs as Buffers; AORTA_STATE_010 for SQL that cannot be run. */
export function query<T extends object>(database: Database, sql: string, params: readonly (string | number | null)[]): T[] {
  let rows: Record<string, unknown>[];
  try {
    rows = database.select(sql, params);
  } catch (thrown) {
    if (thrown instanceof AortaError && thrown.code === 'AORTA_SQLITE_006') {
      throw error('AORTA_STATE_010', { problem: String(thrown.details['problem']) }, { cause: thrown });
    }
    throw thrown;
  }
  return rows.map((row) => {
    const plain: Record<string, unknown> = { ...row };
    for (const column in plain) {
      const value = plain[column];
      if (value instanceof Uint8Array) plain[column] = buffer(value);
    }
    return plain as T;
  });
}
