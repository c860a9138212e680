import { createPostgresQuarantine } from '../../../src/quarantine/postgres/index.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { freshSchema } from '../../support/postgres.ts';
import { quarantineConformance } from '../conformance.ts';

quarantineConformance('PostgreSQL', async () => {
  const { drop, ...options } = freshSchema('quarantine');
  const state = createPostgresState(options);
  await state.migrate();
  await state.close();
  return { open: async () => createPostgresQuarantine(options), remove: drop };
});
