import { createPostgresAdvice } from '../../../src/advice/postgres/index.ts';
import { createPostgresBlob } from '../../../src/blob/postgres/index.ts';
import { createPostgresIdentity } from '../../../src/identity/postgres/index.ts';
import { createPostgresJobs } from '../../../src/jobs/postgres/index.ts';
import { PostgresPool } from '../../../src/postgres/pool.ts';
import { createPostgresQuarantine } from '../../../src/quarantine/postgres/index.ts';
import { openEmbedded } from '../../../src/runtime/embedded.ts';
import type { Profile, ProfileOptions } from '../../../src/runtime/profile.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { freshSchema } from '../postgres.ts';

/** The log in a file, everything else in a schema of its own in PostgreSQL, which is stricter about what it takes. */
export async function openOnPostgres(options: ProfileOptions): Promise<Profile> {
  const { drop, ...where } = freshSchema('site');
  const embedded = await openEmbedded(options);
  const { clock, telemetry } = options;
  const state = createPostgresState({ ...where, clock, telemetry });
  await state.migrate();
  const pool = new PostgresPool({ ...where, clock, telemetry });
  return {
    ...embedded,
    state,
    identity: createPostgresIdentity(pool),
    quarantine: createPostgresQuarantine(pool),
    advice: createPostgresAdvice(pool),
    jobs: createPostgresJobs(pool),
    blob: createPostgresBlob(pool, { clock }),
    async close() {
      await pool.close();
      await state.close();
      await embedded.close();
      await drop();
    },
  };
}
