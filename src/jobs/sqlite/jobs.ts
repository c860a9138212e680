import { error } from '../../errors/index.ts';
import type { Database } from '../../sqlite/database.ts';
import type { Jobs } from '../port.ts';
import { jobsOn, type Run } from '../statements.ts';

/** Port Jobs in the embedded database. Failures: those of the database (src/sqlite/database.ts). */
export function createSqliteJobs({ database }: { readonly database: Database }): Jobs {
  let closed = false;
  const open = () => {
    if (closed) throw error('AORTA_SQLITE_008');
  };
  const write: Run = async (sql, params) => {
    open();
    return (await database.run([[sql, [...params]]]))[0] ?? [];
  };
  const read: Run = async (sql, params) => {
    open();
    return database.read(sql, [...params]);
  };
  return jobsOn('sqlite', write, read, async () => {
    closed = true;
  });
}
