import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/clock/system.ts';
import { createMemoryKeyed } from '../../src/keyed/memory/index.ts';
import { bucketTable } from '../../src/runtime/bucket-table.ts';
import { serviceAddresses } from '../../src/runtime/kafka.ts';
import { openDatabase } from '../../src/sqlite/database.ts';
import { temporaryDirectory } from '../sqlite/temporary.ts';

test('the embedded profile’s quotas stand in its file: a restart gives no new ones', async () => {
  const { dir, remove } = temporaryDirectory();
  const ask = { intervalMs: 60_000, burst: 2, maxWaitMs: 0, worker: 'w' };
  try {
    const granted: boolean[] = [];
    for (let start = 0; start < 3; start++) {
      const database = openDatabase({ dir });
      const keyed = await createMemoryKeyed({ clock: systemClock, storage: bucketTable(database) });
      for (let i = 0; i < 2; i++) granted.push((await keyed.reserve('daily', ask)).granted);
      await keyed.close();
      await database.close();
    }
    assert.deepEqual(granted, [true, true, false, false, false, false]);
  } finally {
    remove();
  }
});

test('Redis is optional for start, and its password does not stand in the URL', () => {
  const env = { KAFKA_BROKERS: 'b:9092', SCHEMA_REGISTRY_URL: 'http://r', DATABASE_URL: 'postgres://a@d/x' };
  assert.equal(serviceAddresses(env).redisUrl, undefined);
  assert.equal(serviceAddresses({ ...env, REDIS_URL: ' ' }).redisUrl, undefined);
  const given = serviceAddresses({ ...env, REDIS_URL: 'rediss://cache:6380', REDIS_PASSWORD: 'secret:redis' });
  assert.deepEqual([given.redisUrl, given.redisPassword], ['rediss://cache:6380', 'secret:redis']);
  assert.throws(() => serviceAddresses({ ...env, REDIS_URL: 'redis://:hunter2@cache:6379' }), { code: 'AORTA_CFG_003' });
  assert.throws(() => serviceAddresses({ ...env, KAFKA_BROKERS: '' }), { code: 'AORTA_CFG_002' });
});
