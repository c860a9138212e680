import type { PostgresPool } from '../../../src/postgres/pool.ts';

/**
 * Rows of a table that the server looked at. It counts them when the connection that read is closed: waits, at most a minute
 * and a half, until there are `least`.
 */
export async function rowsLookedAt(pool: PostgresPool, table: string, least: number): Promise<number> {
  const text = `select coalesce(idx_tup_fetch, 0) + coalesce(seq_tup_read, 0) as count from pg_stat_user_tables
    where schemaname = $1 and relname = $2`;
  const count = async () => (await pool.query({ text, values: [pool.schema ?? '', table] }))[0]?.count as number;
  for (let i = 0; i < 900 && (await count()) < least; i++) await new Promise((resolve) => setTimeout(resolve, 100));
  return count();
}
