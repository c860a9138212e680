import { createPostgresIdentity } from '../../../src/identity/postgres/index.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { freshSchema } from '../../support/postgres.ts';
import { identityConformance } from '../conformance.ts';

identityConformance('PostgreSQL', async () => {
  const { drop, ...options } = freshSchema('identity');
  const state = createPostgresState(options);
  await state.migrate();
  await state.close();
  return { open: async () => createPostgresIdentity({ ...options, deadlineMs: 20_000 }), remove: drop };
});
