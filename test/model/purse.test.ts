import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock, systemRandom } from '../../src/clock/system.ts';
import type { AortaError } from '../../src/errors/index.ts';
import { createMemoryKeyed } from '../../src/keyed/memory/index.ts';
import type { Keyed } from '../../src/keyed/port.ts';
import { createRedisKeyed } from '../../src/keyed/redis/index.ts';
import { dailyPurse } from '../../src/model/purse.ts';
import { bucketTable } from '../../src/runtime/bucket-table.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { virtualRedis } from '../keyed/away.ts';
import { PrivateRedis } from '../keyed/redis/private-redis.ts';
import { temporaryDatabase } from '../sqlite/temporary.ts';

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

/** Cost of a day that `n` workers have between them on a virtual Redis; each call sets `most` aside and costs `cost`. */
async function workers(n: number, cap: number) {
  const clock = new VirtualClock();
  const redis = await virtualRedis(clock);
  const state = { spent: 0 };
  const purses = Array.from({ length: n }, (_, i) =>
    dailyPurse({ name: 'n', cap, clock, telemetry: silentTelemetry, shared: { keyed: redis.seenBy(i), worker: `w${i}` } }),
  );
  const call = async (i: number, most: number, cost = most) => {
    const settle = await purses[i]?.take(most).catch(() => undefined);
    if (!settle) return false;
    state.spent += cost;
    await settle(cost);
    return true;
  };
  const rounds = async (times: number) => {
    for (let round = 0; round < times; round++) {
      for (let i = 0; i < n; i++) await call(i, 1);
      await clock.advance(100);
    }
  };
  return { clock, redis, state, call, rounds };
}

test('Redis comes back empty, again and again: workers together stay within the cap, and use all of it', async () => {
  const { redis, state, rounds } = await workers(3, 900);
  await rounds(200);
  assert.equal(state.spent, 600);
  for (let times = 0; times < 3; times++) {
    redis.there = false;
    await rounds(20);
    await redis.emptied();
    redis.there = true;
    await rounds(100);
    if (times === 0) assert.ok(state.spent > 800, `${state.spent}`);
  }
  assert.ok(state.spent <= 900 && state.spent >= 895, `${state.spent} of 900`);
});

test('a Redis that forgot between two calls, which nobody noticed: each tells its own part again, and remembers the others', async () => {
  const { redis, state, call } = await workers(3, 900);
  for (const i of [0, 1, 2]) assert.equal(await call(i, 280), true);
  await call(0, 1);
  await redis.emptied();
  // The two others call no more.
  for (let n = 0; n < 400; n++) await call(0, 1);
  assert.equal(state.spent, 900);
});

test('a Redis that does what it is asked and answers too late does not use up the day', async () => {
  const clock = new VirtualClock();
  const memory = await createMemoryKeyed({ clock });
  let [slow, last] = [false, 0];
  const count: Keyed['count'] = async (...args) => {
    const answer = await memory.count(...args);
    last = answer.value;
    if (slow) throw new Error('timed out');
    return answer;
  };
  const shared = { keyed: { ...memory, kind: 'redis' as const, count }, worker: 'w' };
  const purse = dailyPurse({ name: 'n', cap: 1_000, clock, telemetry: silentTelemetry, shared });
  let spent = 0;
  const call = async () => {
    const settle = await purse.take(10);
    spent++;
    await settle(1);
  };
  await call();
  slow = true;
  for (let i = 0; i < 20; i++) {
    await call();
    await clock.advance(1_000);
  }
  slow = false;
  await call();
  assert.deepEqual([last, spent], [22, 22]);
});

test('a worker that starts again under its name has not spent what the one before it spent', async () => {
  const clock = new VirtualClock();
  const shared = { keyed: (await virtualRedis(clock)).seenBy(0), worker: 'w' };
  const start = () => dailyPurse({ name: 'n', cap: 10, clock, telemetry: silentTelemetry, shared });
  await (await start().take(8))(8);
  await assert.rejects(start().take(3), (thrown: AortaError) => thrown.code === 'AORTA_MODEL_005');
  await start().take(2);
});

test('a process alone that starts again knows what it has spent today', async (t) => {
  const clock = new VirtualClock();
  const { database, remove } = temporaryDatabase();
  t.after(remove);
  const storage = bucketTable(database);
  const life = async () => {
    const keyed = await createMemoryKeyed({ clock, telemetry: silentTelemetry, storage });
    return { keyed, purse: dailyPurse({ name: 'm', cap: 10, clock, telemetry: silentTelemetry, shared: { keyed, worker: 'w' } }) };
  };
  const first = await life();
  await first.purse.take(8);
  // As one that is killed: nothing is closed, and what the call was set aside for counts.
  const killed = await life();
  const takes = await Promise.allSettled([killed.purse.take(3), killed.purse.take(2), killed.purse.take(1)]);
  assert.deepEqual(
    takes.map(({ status }) => status),
    ['rejected', 'fulfilled', 'rejected'],
  );
  await killed.keyed.close();
  const third = await life();
  await assert.rejects(third.purse.take(1), { code: 'AORTA_MODEL_005' });
  await clock.advance(86_400_000);
  await third.purse.take(10);
  await third.keyed.close();
});
