import { systemClock } from '../../../src/clock/system.ts';
import { createSqliteLog } from '../../../src/log/sqlite/log.ts';
import { type Database, openDatabase } from '../../../src/sqlite/database.ts';
import { temporaryDirectory } from '../../sqlite/temporary.ts';
import { logConformance } from '../conformance.ts';

logConformance('SQLite', async () => {
  const { dir, remove } = temporaryDirectory();
  let database: Database | undefined;
  return {
    async open() {
      await database?.close();
      database = openDatabase({ dir });
      return createSqliteLog({ database, clock: systemClock });
    },
    async remove() {
      await database?.close();
      remove();
    },
  };
});
