import { createSqliteQuarantine } from '../../../src/quarantine/sqlite/quarantine.ts';
import { temporaryDatabase } from '../../sqlite/temporary.ts';
import { quarantineConformance } from '../conformance.ts';

quarantineConformance('SQLite', async () => {
  const { database, remove } = temporaryDatabase();
  return { open: async () => createSqliteQuarantine({ database }), remove };
});
