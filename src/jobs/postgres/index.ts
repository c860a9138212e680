import { type PostgresOptions, type PostgresPool, poolOf } from '../../postgres/pool.ts';
import { plain } from '../../postgres/repeat.ts';
import type { Jobs } from '../port.ts';
import { jobsOn, type Run } from '../statements.ts';

/** Port Jobs on PostgreSQL. */
export function createPostgresJobs(source: PostgresOptions | PostgresPool): Jobs {
  const { pool, close } = poolOf(source);
  const run: Run = (sql, params) => {
    let place = 0;
    const text = sql.replace(/\?/g, () => `$${++place}`);
    return plain(pool.query({ text, values: [...params], prepared: true }));
  };
  return jobsOn('postgres', run, run, close);
}
