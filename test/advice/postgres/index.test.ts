import { createPostgresAdvice } from '../../../src/advice/postgres/index.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { freshSchema } from '../../support/postgres.ts';
import { adviceConformance } from '../conformance.ts';

adviceConformance('PostgreSQL', async () => {
  const { drop, ...options } = freshSchema('advice');
  const state = createPostgresState(options);
  await state.migrate();
  await state.close();
  return { open: async () => createPostgresAdvice(options), remove: drop };
});
