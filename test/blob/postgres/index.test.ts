import { createPostgresBlob } from '../../../src/blob/postgres/index.ts';
import { PostgresPool } from '../../../src/postgres/pool.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { freshSchema } from '../../support/postgres.ts';
import { blobConformance } from '../conformance.ts';

blobConformance('PostgreSQL', async (clock) => {
  const { drop, ...options } = freshSchema('blob');
  const state = createPostgresState(options);
  await state.migrate();
  await state.close();
  return {
    open: async () => createPostgresBlob({ ...options, clock }),
    async damage(sha256) {
      const pool = new PostgresPool(options);
      await pool.query({
        text: 'update aorta_blob set bytes = set_byte(bytes, 7, get_byte(bytes, 7) # 1) where sha256 = $1 and chunk = 1',
        values: [sha256],
      });
      await pool.close();
    },
    remove: drop,
  };
});
