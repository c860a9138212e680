import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock, systemRandom } from '../../src/clock/system.ts';
import type { AortaError } from '../../src/errors/index.ts';
import type { Keyed } from '../../src/keyed/port.ts';
import { createRedisKeyed } from '../../src/keyed/redis/index.ts';
import { dailyPurse } from '../../src/model/purse.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { virtualRedis } from '../keyed/away.ts';
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
  const worker = async (name: string, cap: number) => {
    const keyed = await createRedisKeyed({
      ...{ url: redis.url, clock: systemClock, random: systemRandom, telemetry: silentTelemetry, commandTimeoutMs: 2_000 },
    });
    opened.push(keyed);
    await until(() => keyed.ping().then(() => true));
    return { keyed, purse: dailyPurse({ name: 'https://m.example', cap, clock: systemClock, telemetry, shared: { keyed, worker: name } }) };
  };
  t.after(async () => {
    for (const keyed of opened) await keyed.close();
  });
  const [one, two] = [await worker('one', 30), await worker('two', 30)];
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
  const purseOf = ({ keyed }: typeof one, name: string) =>
    dailyPurse({ name: 'n', cap: 30, clock: systemClock, telemetry, shared: { keyed, worker: name } });
  const three = purseOf(one, 'three');
  const alone = await Promise.all(Array.from({ length: 5 }, () => takes(three, 4)));
  assert.equal(alone.filter((each) => typeof each === 'function').length, 2, 'a third of the cap, also for calls at the same time');
  assert.equal(local, 2);
  await redis.start();
  await until(() => one.keyed.ping().then(() => true));
  await until(() => two.keyed.ping().then(() => true));
  assert.equal(await takes(three, 4), 'AORTA_MODEL_005', 'others may still spend their shares');
  await until(async () => typeof (await takes(three, 4)) === 'function');
  const other = purseOf(two, 'other');
  assert.equal(typeof (await takes(other, 18)), 'function');
  assert.equal(await takes(other, 1), 'AORTA_MODEL_005', 'what was spent meanwhile counts: 8 + 4 + 18');
});

test('Redis away and back, noticed late by one: workers never spend more than the cap together', async () => {
  const clock = new VirtualClock();
  const redis = await virtualRedis(clock);
  let spent = 0;
  const purses = [0, 1].map((n) =>
    dailyPurse({ name: 'n', cap: 1_000, clock, telemetry: silentTelemetry, shared: { keyed: redis.seenBy(n), worker: `w${n}` } }),
  );
  const press = (purse: (typeof purses)[number], everyMs: number) => {
    void purse.take(6).then(
      async (settle) => {
        spent += 3;
        await settle(3);
      },
      () => {},
    );
    clock.after(everyMs, () => press(purse, everyMs));
  };
  for (const [n, purse] of purses.entries()) press(purse, 20 + n * 10);
  await clock.advance(1_000);
  const before = spent;
  assert.ok(before > 200 && before < 300, `${before}`);
  redis.there = false;
  await clock.advance(2_000);
  assert.ok(spent > before + 400, 'each goes on with its share of what was left');
  redis.unnoticed = new Set([1]);
  redis.there = true;
  await clock.advance(2_000);
  redis.unnoticed.clear();
  await clock.advance(60_000);
  assert.ok(spent <= 1_000 && spent > 990, `${spent} of 1000`);
});

test('a counter that Redis lost begins again at what the asking worker spent', async () => {
  let sum = 0;
  const count = async (_: string, by: number) => {
    sum += by;
    return { value: sum, workers: 1, settling: false };
  };
  const keyed = { kind: 'redis', count } as unknown as Keyed;
  const purse = dailyPurse({ name: 'n', cap: 10, clock: systemClock, telemetry: silentTelemetry, shared: { keyed, worker: 'w' } });
  await purse.take(8);
  sum = 0;
  await assert.rejects(purse.take(3), (thrown: AortaError) => thrown.code === 'AORTA_MODEL_005');
  assert.equal(sum, 8);
});
