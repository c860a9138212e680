import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../../src/clock/system.ts';
import { sharedReplay } from '../../../src/edge/cds/index.ts';
import type { AortaError } from '../../../src/errors/index.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { virtualRedis } from '../../keyed/away.ts';

/** Two workers with one Redis. */
async function site(most?: number) {
  const clock = new VirtualClock();
  const redis = await virtualRedis(clock);
  const worker = (n: number, at = clock) =>
    sharedReplay({ keyed: redis.seenBy(n), clock: at, random: systemRandom, telemetry: silentTelemetry, ...(most ? { most } : {}) });
  return { clock, redis, one: worker(0), two: worker(1), worker, until: clock.now() + 300_000 };
}

test('what a worker took while Redis was away is known to all when it is back, also if that worker gets no more calls', async () => {
  const { clock, redis, one, two, until } = await site();
  redis.there = false;
  for (let i = 0; i < 1_000; i++) assert.equal(await one.claim(`t${i}`, until), true);
  await clock.advance(5_000);
  redis.there = true;
  await clock.advance(3_000);
  for (let i = 0; i < 1_000; i++) assert.equal(await two.claim(`t${i}`, until), false, `t${i}`);
  assert.equal(clock.pending, 0, 'nothing is left to tell');
});

test('Redis comes back with nothing: what was taken before, and while it went away and came again, is told to it', async () => {
  const { clock, redis, one, two, until } = await site();
  for (let i = 0; i < 250; i++) await one.claim(`before${i}`, until);
  for (const during of ['first', 'second']) {
    redis.there = false;
    await one.claim(during, until);
    await clock.advance(1_500);
    await redis.emptied();
    redis.there = true;
    // The second time in the middle of the telling.
    await clock.advance(during === 'first' ? 530 : 5_000);
  }
  for (const name of ['first', 'second', ...Array.from({ length: 250 }, (_, i) => `before${i}`)])
    assert.equal(await two.claim(name, until), false, name);
});

test('while Redis is away for long, what is no longer good is forgotten and not told; a full memory refuses', async () => {
  const { clock, redis, one } = await site(3);
  redis.there = false;
  const claims = async (n: number, lifeMs: number) => {
    const answers: unknown[] = [];
    for (let i = 0; i < n; i++) {
      answers.push(
        await Promise.resolve(one.claim(`${clock.now()} ${i}`, clock.now() + lifeMs)).catch((thrown: AortaError) => thrown.code),
      );
    }
    return answers;
  };
  for (let round = 0; round < 20; round++) {
    assert.deepEqual(await claims(4, 30_000), [true, true, true, 'AORTA_CDS_006'], `round ${round}`);
    await clock.advance(100_000);
  }
  await redis.emptied();
  redis.there = true;
  await clock.advance(2_000);
  assert.equal(clock.pending, 0);
});

test('after a long absence with many names no call waits for the telling, and no more than 100 are told at once', async () => {
  const { clock, redis, until } = await site();
  const keyed = redis.seenBy(0);
  let [underWay, most] = [0, 0];
  const claim: typeof keyed.claim = async (...args) => {
    most = Math.max(most, ++underWay);
    try {
      await new Promise(setImmediate);
      return await keyed.claim(...args);
    } finally {
      underWay--;
    }
  };
  const replay = sharedReplay({ keyed: { ...keyed, claim }, clock, random: systemRandom, telemetry: silentTelemetry });
  redis.there = false;
  for (let from = 0; from < 5_000; from += 50)
    await Promise.all(Array.from({ length: 50 }, async (_, i) => replay.claim(`t${from + i}`, until)));
  redis.there = true;
  most = 0;
  assert.equal(await replay.claim('later', until), true);
  assert.equal(most, 1);
  await clock.advance(5_000);
  assert.equal(most, 100);
  assert.equal(clock.pending, 0);
});

test('a name is kept a minute longer than its token is good: the clock of another worker may be behind', async () => {
  const { clock, redis, one, two, worker } = await site();
  const behind = new VirtualClock(clock.now() - 50_000);
  const late = worker(1, behind);
  const until = clock.now() + 60_000;
  assert.equal(await one.claim('shared', until), true);
  redis.there = false;
  assert.equal(await two.claim('own', until), true);
  redis.there = true;
  await clock.advance(65_000);
  await behind.advance(65_000);
  assert.equal(await late.claim('shared', until), false);
  clock.jump(-50_000);
  assert.equal(await two.claim('own', until), false);
});

test('a worker that stops tells nothing any more', async () => {
  const { clock, redis, one, until } = await site();
  redis.there = false;
  await one.claim('t', until);
  assert.equal(clock.pending, 1);
  one.close();
  assert.equal(clock.pending, 0);
});
