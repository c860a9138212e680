import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { startFlow } from '../../../src/engine/index.ts';
import { dedupe, effect, flow, table, topic, write } from '../../../src/index.ts';
import { createRedisKeyed } from '../../../src/keyed/redis/index.ts';
import { header } from '../../../src/log/port.ts';
import { createSqliteLog } from '../../../src/log/sqlite/log.ts';
import { serdeFor } from '../../../src/schema/serde.ts';
import { createSqliteState } from '../../../src/state/sqlite/state.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import { memoryRegistry } from '../../../src/testing/memory-registry.ts';
import { PrivateRedis } from '../../keyed/redis/private-redis.ts';
import { temporaryDatabase } from '../../sqlite/temporary.ts';
import { uniqueName } from '../../support/services.ts';

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

test('a Redis that hangs, is flushed, is killed, and comes back empty: no duplicate effect, nothing dropped', {
  timeout: 400_000,
}, async () => {
  const redis = await PrivateRedis.start();
  const { database, remove } = temporaryDatabase();
  const log = createSqliteLog({ database, clock: systemClock });
  const state = createSqliteState({ database });
  const around = { clock: systemClock, random: systemRandom, telemetry: silentTelemetry };
  const keyed = await createRedisKeyed({ url: redis.url, ...around });
  const source = topic<string>(uniqueName('ids'), 'string', { partitions: 4 });
  const rows = table<{ id: string; nth: string }>(uniqueName('effects'), {
    columns: { id: { type: 'text' }, nth: { type: 'text' } },
    key: ['id', 'nth'],
  });
  const built = flow(uniqueName('once').replaceAll('_', '-'))
    .from(source)
    .pipe(
      dedupe('once', (id: string) => id),
      write('effects', { tables: [rows], effects: (id, ctx) => effect.insert(rows, { id, nth: ctx.eventId }) }),
    );
  const registry = await memoryRegistry();
  const ports = { ...around, log, state, keyed, partitions: (name: string) => log.partitions(name) };
  const running = await startFlow(built, { ...ports, serde: (t) => serdeFor(registry, t) });
  const serde = await serdeFor(registry, source);
  let sent = 0;
  const perPhase = 40;
  /** New ids of this phase, and again those of all phases before it. */
  const phase = (n: number) => {
    const ids = Array.from({ length: (n + 1) * perPhase }, (_, i) => i);
    return log.append(
      [...ids.slice(n * perPhase), ...ids].map((i) => ({
        topic: source.name,
        key: `patient-${i % 20}`,
        value: serde.serialize(`id-${i}`),
        headers: { [header.eventId]: `event-${sent++}` },
      })),
    );
  };
  try {
    await phase(0);
    await sleep(300);
    redis.signal('SIGSTOP');
    await phase(1);
    await sleep(1_000);
    redis.signal('SIGCONT');
    await phase(2);
    const admin = new Redis(redis.url);
    for (let i = 0; i < 10; i++) {
      await admin.flushall();
      await sleep(20);
    }
    admin.disconnect();
    await phase(3);
    await redis.kill();
    await phase(4);
    await sleep(500);
    await redis.start();
    await phase(5);
    const wanted = 6 * perPhase;
    const settled = () => (running.totals()['done'] ?? 0) + (running.totals()['skipped'] ?? 0);
    for (let tries = 0; settled() < sent && tries < 600; tries++) await sleep(100);
    assert.equal(settled(), sent, 'every record has ended');
    assert.equal(running.totals()['done'], wanted);
    const found = await state.query<{ id: string; count: number }>(`SELECT id, count(*) AS count FROM ${rows.name} GROUP BY id`, []);
    assert.equal(found.length, wanted, 'nothing dropped');
    assert.deepEqual(
      found.filter(({ count }) => count !== 1),
      [],
      'nothing twice',
    );
  } finally {
    await running.stop();
    await keyed.close();
    await log.close();
    await remove();
    await redis.kill();
  }
});
