import type { Random } from '../../clock/clock.ts';
import { systemRandom } from '../../clock/system.ts';
import { error } from '../../errors/index.ts';
import { StatementError } from '../../postgres/errors.ts';
import { migrate } from '../../postgres/migrate.ts';
import { type PostgresOptions, type PostgresPool, poolOf } from '../../postgres/pool.ts';
import { plain } from '../../postgres/repeat.ts';
import type { State } from '../port.ts';
import { createPostgresOperations } from './operations.ts';
import { withPlaces } from './places.ts';
import { forgetProcessed, processed } from './processed.ts';
import { claim, held, heldAt, heldKeys, isLane, laneValues, redriveRequests, states, suspects, timers } from './reads.ts';
import { ensureTables } from './tables.ts';
import { transactor } from './transact.ts';
import { outlived } from './writes/suspects.ts';

/**
 * Port State on PostgreSQL.
 *
 * - A call of `transact` is one transaction and one round trip (`transact.ts`), whatever the number of groups: rows
 *   travel as arrays, one statement for each kind of row, and effects as one for each table, shape and wave
 *   (`writes/`). Conflicts (40001, 40P01) and lost replies are repeated inside the deadline.
 * - Failures: unreachable, slow, shutting down, or a standby → `Transient` (AORTA_STATE_001) after 5 s at most. Refused
 *   data → `Permanent` (AORTA_STATE_002, 004); nothing of the call is written. A text with the null character is
 *   refused by PostgreSQL.
 * - The server should run with `fsync`, `full_page_writes` and `synchronous_commit` on; `migrate` warns if it does not.
 */
export function createPostgresState(source: PostgresOptions | PostgresPool, options: { readonly random?: Random } = {}): State {
  const { pool, close } = poolOf(source);
  const { clock, telemetry, deadlineMs } = pool;
  const transact = transactor({ pool, clock, random: options.random ?? systemRandom, telemetry, deadlineMs });

  return {
    kind: 'postgres',
    operations: createPostgresOperations(pool),
    async migrate() {
      await migrate(pool);
      const rows = await plain(
        pool.query({
          text: `select name from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off'`,
        }),
      );
      for (const { name } of rows) telemetry.log('warn', 'postgres is not durable', { reason: `${name} is off` });
    },
    ensureTables: (tables) => plain(ensureTables(pool, tables)),
    claim: (lane, partitions) => plain(claim(pool, lane, partitions)),
    transact,
    async release(lane, epoch) {
      const text = `update aorta_lane set clean = 1 where ${isLane} and epoch = $5`;
      await plain(pool.query({ text, values: [...laneValues(lane), epoch], prepared: true }));
    },
    outlived: (lane, epoch, offsets) => plain(outlived(pool, lane, epoch, offsets)),
    suspects: (lane) => plain(suspects(pool, lane)),
    states: (flow, store, keys) => plain(states(pool, flow, store, keys)),
    timers: (lane, until, limit) => plain(timers(pool, lane, until, limit)),
    held: (lane, key, fromSeq, limit) => plain(held(pool, lane, key, fromSeq, limit)),
    heldKeys: (flow, limit) => plain(heldKeys(pool, flow, limit)),
    heldAt: (flow, keys) => plain(heldAt(pool, flow, keys)),
    processed: (flow, ids) => plain(processed(pool, flow, ids)),
    forgetProcessed: (flow, node, before, limit) => plain(forgetProcessed(pool, flow, node, before, limit)),
    async requestRedrive({ id, flow, key, errorClass, action, actor, at }) {
      const text = `insert into aorta_redrive (id, flow, key, error_class, action, actor, requested_at)
        values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing`;
      await plain(pool.query({ text, values: [id, flow, key, errorClass, action, actor, at], prepared: true }));
    },
    redriveRequests: (flow) => plain(redriveRequests(pool, flow)),
    async query<T extends object>(sql: string, params: readonly (string | number | null)[]): Promise<readonly T[]> {
      try {
        const [rows] = await pool.pipeline([withPlaces(sql, params)], { readOnly: true });
        return rows as readonly T[];
      } catch (thrown) {
        if (!(thrown instanceof StatementError)) throw thrown;
        if (thrown.sqlState === '25006') throw error('AORTA_STATE_010', { problem: 'it writes' });
        if (thrown.failure === 'refused') throw error('AORTA_STATE_010', { problem: thrown.problem });
        throw thrown.toError();
      }
    },
    async ping() {
      await plain(pool.query({ text: 'select 1' }));
    },
    close,
  };
}
