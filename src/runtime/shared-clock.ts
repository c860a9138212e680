import type { Clock } from '../clock/clock.ts';
import { createSharedClock, type SharedClock } from '../clock/shared.ts';
import type { PostgresPool } from '../postgres/pool.ts';
import type { Telemetry } from '../telemetry/port.ts';

/** From here on a log line says that this machine's clock is wrong, or the database's. */
const toldFromMs = 1_000;
const text = 'select floor(extract(epoch from clock_timestamp()) * 1000)::float8 as now';

/** The clock of PostgreSQL, as all workers on it have it. */
export async function sharedClock(own: Clock, pool: PostgresPool, telemetry: Telemetry): Promise<SharedClock> {
  let ahead = 0;
  let wrong = false;
  const clock = createSharedClock({
    own,
    ask: async () => Number((await pool.query({ text, values: [] }))[0]?.['now']),
    told(aheadMs) {
      ahead = aheadMs;
      if (Math.abs(ahead) > toldFromMs === wrong) return;
      wrong = !wrong;
      if (wrong) telemetry.log('warn', 'clock.wrong', { reason: `${(ahead / 1000).toFixed(0)} s ahead of the database's, which is used` });
      else telemetry.log('info', 'clock.right');
    },
  });
  const stopSampling = telemetry.sampled(
    'aorta_clock_ahead_seconds',
    'Wall clock of this machine less that of the database, which is used',
    {},
    () => ahead / 1000,
  );
  const { close } = clock;
  await clock.agree();
  return {
    ...clock,
    close() {
      stopSampling();
      close();
    },
  };
}
