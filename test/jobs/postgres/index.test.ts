import { createPostgresJobs } from '../../../src/jobs/postgres/index.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { freshSchema } from '../../support/postgres.ts';
import { jobsConformance } from '../conformance.ts';

jobsConformance('PostgreSQL', async () => {
  const { drop, ...options } = freshSchema('jobs');
  const state = createPostgresState(options);
  await state.migrate();
  await state.close();
  return { open: async () => createPostgresJobs(options), remove: drop };
});
