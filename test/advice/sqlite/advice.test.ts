import { createSqliteAdvice } from '../../../src/advice/sqlite/advice.ts';
import { temporaryDatabase } from '../../sqlite/temporary.ts';
import { adviceConformance } from '../conformance.ts';

adviceConformance('SQLite', async () => {
  const { database, remove } = temporaryDatabase();
  return { open: async () => createSqliteAdvice({ database }), remove };
});
