import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Redis } from 'ioredis';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { AortaError } from '../../../src/errors/index.ts';
import type { Keyed } from '../../../src/keyed/port.ts';
import { createRedisKeyed, type RedisOptions } from '../../../src/keyed/redis/index.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import { services, uniqueName } from '../../support/services.ts';
import { keyedConformance } from '../conformance.ts';
import { PrivateRedis } from './private-redis.ts';

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function open(url: string, options: Partial<RedisOptions> = {}): Promise<Keyed> {
  const keyed = await createRedisKeyed({ url, clock: systemClock, random: systemRandom, telemetry: silentTelemetry, ...options });
  await answering(keyed);
  return keyed;
}

async function answering(keyed: Keyed): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await keyed.ping();
    } catch (thrown) {
      if (tries > 300) throw thrown;
      await sleep(50);
    }
  }
}

// A machine that runs other tests beside this one must not fail it for being slow.
keyedConformance('Redis', async () => ({ open: () => open(services().redisUrl, { commandTimeoutMs: 5_000 }), pass: sleep }));

describe('Redis in trouble', () => {
  let redis: PrivateRedis;
  before(async () => {
    redis = await PrivateRedis.start();
  });
  after(() => redis.kill());

  it('loads its scripts again after they were flushed, and everything is free after the data were', async () => {
    const keyed = await open(redis.url, { commandTimeoutMs: 5_000 });
    const admin = new Redis(redis.url);
    try {
      await keyed.confirm('k', 'a', 60_000);
      await admin.script('FLUSH');
      assert.equal((await keyed.claim('k', 'b', 1000)).state, 'confirmed');
      await admin.flushall();
      assert.equal((await keyed.claim('k', 'b', 1000)).state, 'claimed');
    } finally {
      admin.disconnect();
      await keyed.close();
    }
  });

  it('forgets nothing for ever: every key has a time to live', async () => {
    const keyed = await open(redis.url, { commandTimeoutMs: 5_000 });
    const admin = new Redis(redis.url);
    try {
      await admin.flushall();
      await keyed.claim('claim', 'a', 1000);
      await keyed.confirm('confirmed', 'a', 1000);
      await keyed.reserve('bucket', { intervalMs: 1, burst: 1, maxWaitMs: 1, worker: 'w' });
      await keyed.pause('paused', 1000, { intervalMs: 1, burst: 1 });
      await keyed.count('counter', 'a', 1, 1000, { worker: 'w' });
      const keys = await admin.keys('*');
      assert.equal(keys.length, 7, keys.join());
      for (const key of keys) assert.ok((await admin.pttl(key)) > 0, key);
    } finally {
      admin.disconnect();
      await keyed.close();
    }
  });

  it('answers within its time-out when the server hangs, then at once, and goes on when it is back', async () => {
    const keyed = await open(redis.url, { commandTimeoutMs: 1_000 });
    try {
      redis.signal('SIGSTOP');
      const times: number[] = [];
      for (let i = 0; i < 50; i++) {
        const started = performance.now();
        await assert.rejects(keyed.claim(`hang-${i}`, 'a', 1000), (thrown) => thrown instanceof AortaError && thrown.class === 'Transient');
        times.push(performance.now() - started);
      }
      const waited = times.filter((ms) => ms > 500).length;
      assert.ok(waited >= 1 && waited <= 5, `${waited} of 50 waited for the time-out: ${times.map(Math.round)}`);
    } finally {
      redis.signal('SIGCONT');
    }
    await answering(keyed);
    assert.equal((await keyed.claim('after-hang', 'a', 1000)).state, 'claimed');
    await keyed.close();
  });

  it('queues nothing while the server is away, and connects again to an empty one', async () => {
    const keyed = await open(redis.url, { commandTimeoutMs: 2_000 });
    await keyed.confirm('before', 'a', 60_000);
    await redis.kill();
    const refused = await Promise.allSettled(Array.from({ length: 5_000 }, (_, i) => keyed.claim(`away-${i}`, 'a', 60_000)));
    assert.equal(refused.filter(({ status }) => status === 'rejected').length, 5_000);
    await redis.start();
    await answering(keyed);
    assert.equal((await keyed.claim('before', 'b', 1000)).state, 'claimed', 'what was acknowledged is lost, as it may be');
    assert.equal((await keyed.claim('away-17', 'b', 1000)).state, 'claimed', 'nothing was kept back and sent later');
    await keyed.close();
  });

  it('control: ioredis as it comes keeps commands back without bound and sends them when the server is there again', async () => {
    const raw = new Redis(redis.url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
    raw.on('error', () => {});
    await raw.ping();
    await redis.kill();
    const kept = Array.from({ length: 5_000 }, (_, i) => raw.set(`raw-${i}`, '1'));
    let settled = 0;
    for (const one of kept) void one.then(() => settled++);
    await sleep(300);
    assert.equal(settled, 0, 'five thousand callers wait');
    await redis.start();
    await Promise.all(kept);
    assert.equal(settled, 5_000, 'and are served late');
    raw.disconnect();
  });

  it('a pause of our own event loop is no failure of Redis; in ioredis it is one', async () => {
    const busy = (ms: number) => {
      const until = performance.now() + ms;
      while (performance.now() < until);
    };
    const keyed = await open(redis.url, { commandTimeoutMs: 50 });
    const raw = new Redis(redis.url, { commandTimeout: 50 });
    await raw.ping().catch(() => {});
    await sleep(200);
    let ours = 0;
    let theirs = 0;
    for (let i = 0; i < 5; i++) {
      const both = [keyed.claim(uniqueName('busy'), 'a', 1_000).catch(() => ours++), raw.ping().catch(() => theirs++)];
      // Sent now, answered while we are busy.
      await new Promise((resolve) => setImmediate(resolve));
      busy(150);
      await Promise.all(both);
      await sleep(1_100);
    }
    assert.ok(theirs >= 1, `${theirs} of 5 pings of ioredis failed`);
    assert.ok(ours < theirs, `${ours} of 5 claims failed`);
    raw.disconnect();
    await keyed.close();
  });

  it('says whether it is there, also while nobody asks for anything', async () => {
    let up = () => -1;
    const telemetry = {
      ...silentTelemetry,
      sampled: (_name: string, _help: string, _labels: object, read: () => number) => {
        up = read;
        return () => {};
      },
    };
    const becomes = async (value: number) => {
      for (let tries = 0; up() !== value; tries++) {
        assert.ok(tries < 400, `${up()}`);
        await sleep(25);
      }
    };
    const keyed = await open(redis.url, { commandTimeoutMs: 2_000, telemetry });
    assert.equal(up(), 1);
    await redis.kill();
    await becomes(0);
    await redis.start();
    await becomes(1);
    await keyed.close();
  });

  it('bounds what waits for answers', async () => {
    const keyed = await open(redis.url, { commandTimeoutMs: 2_000, maxPending: 10 });
    const all = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => keyed.claim(`${uniqueName('p')}-${i}`, 'a', 1000)));
    const codes = all.filter((one) => one.status === 'rejected').map((one) => (one.reason as AortaError).code);
    assert.equal(codes.length, 40);
    assert.ok(codes.every((code) => code === 'AORTA_KEYED_002'));
    await keyed.close();
  });
});
