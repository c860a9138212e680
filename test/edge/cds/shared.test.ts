import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { createRedisKeyed } from '../../../src/keyed/redis/index.ts';
import type { Telemetry } from '../../../src/telemetry/port.ts';
import { PrivateRedis } from '../../keyed/redis/private-redis.ts';
import type { Scope } from '../../sandbox/ehr/open.ts';
import { post } from '../../support/http.ts';
import { knowsToken } from './known-token.ts';
import { openCds } from './open.ts';

const path = '/cds-services/chart-review';
const publicUrl = 'https://cds.example';
// Commands that time out on a busy machine would look like an absent Redis.
const on = (redis: PrivateRedis) => async (telemetry: Telemetry) => {
  const keyed = await createRedisKeyed({ url: redis.url, clock: systemClock, random: systemRandom, telemetry, commandTimeoutMs: 2_000 });
  await until(() => keyed.ping().then(() => true));
  return keyed;
};

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; ; tries++) {
    if (await holds().catch(() => false)) return;
    assert.ok(tries < 1_200, 'it never came');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Two workers behind one address, with one Redis. */
async function twoWorkers(t: Scope, quota = { perSecond: 1_000, burst: 1_000, inFlight: 1_000 }) {
  const redis = await PrivateRedis.start();
  const config = { publicUrl, quota };
  const one = await openCds(t, { config, keyed: on(redis) });
  const two = await openCds(t, { config, keyed: on(redis), at: one.ehr });
  t.after(() => redis.kill());
  const token = () => one.ehr.cds.authorization(`${publicUrl}${path}`);
  const status = async ({ url }: { url: string }, authorization: string) =>
    (await post(url, path, {}, { authorization, host: 'cds.example' })).status;
  return { redis, one, two, token, status };
}

test('R37: a token that one worker took is refused by the other, and by every one of many at the same time but one', async (t) => {
  const { one, two, token, status } = await twoWorkers(t);
  const used = await token();
  // 400: let in, and the body is no hook request.
  assert.equal(await status(one, used), 400);
  assert.equal(await status(two, used), 401);
  assert.equal(await status(one, used), 401);
  const raced = await token();
  const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => status(i % 2 === 0 ? one : two, raced)));
  assert.deepEqual(answers.toSorted(), [400, ...Array.from({ length: 9 }, () => 401)]);
});

test('while Redis is away a token counts once for each worker, and what they took is known to all when it is back', async (t) => {
  const { redis, one, two, token, status } = await twoWorkers(t);
  assert.equal(await status(one, await token()), 400);
  await redis.kill();
  const used = await token();
  assert.equal(await status(one, used), 400);
  assert.equal(await status(one, used), 401, 'the worker that took it remembers');
  assert.equal(await one.metric('aorta_replay_local_total', {}), 1);
  await redis.start();
  // No further request comes.
  await until(() => knowsToken(redis, used));
  await until(async () => (await two.metric('aorta_keyed_up', {})) === 1);
  assert.equal(await status(two, used), 401);
});

test('the quota of a client holds over both workers; without Redis each has its share, never more', async (t) => {
  const { redis, one, two, token, status } = await twoWorkers(t, { perSecond: 0.001, burst: 8, inFlight: 100 });
  const answers: number[] = [];
  for (let i = 0; i < 2; i++) answers.push(await status(one, await token()), await status(two, await token()));
  assert.deepEqual(answers, [400, 400, 400, 400]);
  await redis.kill();
  for (const worker of [one, two]) {
    const alone: number[] = [];
    for (let i = 0; i < 5; i++) alone.push(await status(worker, await token()));
    assert.equal(alone.filter((each) => each === 400).length, 2, `half of what was left: ${alone}`);
    assert.ok((await worker.metric('aorta_quota_local_total', {})) >= 5);
  }
  await redis.start();
  await until(async () => (await one.metric('aorta_keyed_up', {})) === 1 && (await two.metric('aorta_keyed_up', {})) === 1);
  for (const worker of [one, two, one, two]) assert.equal(await status(worker, await token()), 429, 'an empty Redis gives no new burst');
});
