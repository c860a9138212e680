import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock, systemRandom } from '../../src/clock/system.ts';
import type { AortaError } from '../../src/errors/index.ts';
import type { Keyed } from '../../src/keyed/port.ts';
import { createRedisKeyed } from '../../src/keyed/redis/index.ts';
import { dailyPurse } from '../../src/model/purse.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { PrivateRedis } from '../keyed/redis/private-redis.ts';

async function until(holds: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries++) {
    if (await holds().catch(() => false)) return;
    assert.ok(tries < 400, 'it never came');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('the cap of a day is one for all workers; without Redis each spends its share, and tells it afterwards', async (t) => {
  const redis = await PrivateRedis.start();
  t.after(() => redis.kill());
  let local = 0;
  const telemetry = { ...silentTelemetry, counter: () => ({ inc: () => void local++ }) };
  const opened: Keyed[] = [];
  const worker = async (cap: number) => {
    const keyed = await createRedisKeyed({
      ...{ url: redis.url, clock: systemClock, random: systemRandom, telemetry: silentTelemetry, commandTimeoutMs: 2_000 },
    });
    opened.push(keyed);
    await until(() => keyed.ping().then(() => true));
    return { keyed, purse: dailyPurse({ name: 'https://m.example', cap, clock: systemClock, telemetry, keyed }) };
  };
  t.after(async () => {
    for (const keyed of opened) await keyed.close();
  });
  const [one, two] = [await worker(30), await worker(30)];
  const takes = async (purse: typeof one.purse, most: number) =>
    purse.take(most).then(
      (settle) => settle,
      (thrown: AortaError) => thrown.code,
    );

  const results = await Promise.all(Array.from({ length: 10 }, (_, i) => takes((i % 2 === 0 ? one : two).purse, 10)));
  assert.equal(results.filter((each) => each === 'AORTA_MODEL_005').length, 7, 'three tens of thirty, over both workers');
  for (const settle of results) if (typeof settle === 'function') await settle(4);
  assert.equal(typeof (await takes(two.purse, 18)), 'function', 'what was not used is given back: 12 are spent');
  assert.equal(await takes(one.purse, 1), 'AORTA_MODEL_005');

  await redis.kill();
  const [three, four] = [dailyPurse({ name: 'n', cap: 30, clock: systemClock, telemetry, keyed: one.keyed }), two.keyed];
  const alone = await Promise.all(Array.from({ length: 5 }, () => takes(three, 4)));
  assert.equal(alone.filter((each) => typeof each === 'function').length, 2, 'a third of the cap, also for calls at the same time');
  assert.equal(local, 2);
  await redis.start();
  await until(() => one.keyed.ping().then(() => true));
  await until(() => four.ping().then(() => true));
  assert.equal(typeof (await takes(three, 4)), 'function');
  const other = dailyPurse({ name: 'n', cap: 30, clock: systemClock, telemetry, keyed: four });
  assert.equal(typeof (await takes(other, 18)), 'function');
  assert.equal(await takes(other, 1), 'AORTA_MODEL_005', 'what was spent meanwhile counts: 8 + 4 + 18');
});

test('a counter that Redis lost begins again at what the asking worker spent', async () => {
  let sum = 0;
  const keyed = { kind: 'redis', count: async (_: string, by: number) => (sum += by) } as unknown as Keyed;
  const purse = dailyPurse({ name: 'n', cap: 10, clock: systemClock, telemetry: silentTelemetry, keyed });
  await purse.take(8);
  sum = 0;
  await assert.rejects(purse.take(3), (thrown: AortaError) => thrown.code === 'AORTA_MODEL_005');
  assert.equal(sum, 8);
});
