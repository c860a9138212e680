import { createSqliteState } from '../../../src/state/sqlite/state.ts';
import { temporaryDatabase } from '../../sqlite/temporary.ts';
import { stateConformance } from '../conformance.ts';

stateConformance('SQLite', async () => {
  const { database, remove } = temporaryDatabase();
  return { open: async () => createSqliteState({ database }), remove };
});
