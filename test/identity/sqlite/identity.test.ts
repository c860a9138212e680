import { createSqliteIdentity } from '../../../src/identity/sqlite/identity.ts';
import { temporaryDatabase } from '../../sqlite/temporary.ts';
import { identityConformance } from '../conformance.ts';

identityConformance('SQLite', async () => {
  const { database, remove } = temporaryDatabase();
  return { open: async () => createSqliteIdentity({ database }), remove };
});
