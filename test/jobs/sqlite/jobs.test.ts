import { createSqliteJobs } from '../../../src/jobs/sqlite/jobs.ts';
import { temporaryDatabase } from '../../sqlite/temporary.ts';
import { jobsConformance } from '../conformance.ts';

jobsConformance('SQLite', async () => {
  const { database, remove } = temporaryDatabase();
  return { open: async () => createSqliteJobs({ database }), remove };
});
