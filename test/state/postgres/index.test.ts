import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { freshSchema } from '../../support/postgres.ts';
import { stateConformance } from '../conformance.ts';

stateConformance('PostgreSQL', async () => {
  const { drop, ...options } = freshSchema('state');
  return { open: async () => createPostgresState(options), remove: drop };
});
