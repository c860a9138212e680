import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { servicesDown } from '../../src/services/down.ts';
import { servicesEnv } from '../../src/services/env.ts';
import { isRunning, startMark, stop } from '../../src/services/machine/process.ts';
import { readState, servicesRoot } from '../../src/services/state.ts';
import { servicesUp } from '../../src/services/up.ts';

// The light two: the JVM services take the same way, and `npm test` itself brings them up.
const only = ['redis', 'postgres'] as const;
const root = mkdtempSync(join(tmpdir(), 'aorta-services-'));
process.env['AORTA_SERVICES_DIR'] = root;

beforeEach(() => {
  for (const name of ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'REDIS_URL', 'DATABASE_URL']) delete process.env[name];
});

after(async () => {
  await servicesDown({ only, purge: true });
  rmSync(root, { recursive: true, force: true });
});

function state(name: 'redis' | 'postgres') {
  const found = readState(name);
  assert.ok(found, `${name} has a state`);
  return found;
}

test('up starts what is missing, and a second up keeps it', async () => {
  assert.equal(servicesRoot(), root);
  const first = await servicesUp({ only });
  assert.deepEqual([first.redis?.started, first.postgres?.started], [true, true]);
  const pids = only.map((name) => state(name).pid);
  const second = await servicesUp({ only });
  assert.deepEqual([second.redis?.started, second.postgres?.started], [false, false]);
  assert.deepEqual([second.redis?.url, second.postgres?.url], [first.redis?.url, first.postgres?.url]);
  assert.deepEqual(
    only.map((name) => state(name).pid),
    pids,
  );
});

test('PostgreSQL does not run as root, and syncs to disk', async () => {
  const { pid, outside } = state('postgres');
  if (process.getuid?.() === 0) {
    const uid = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    assert.notEqual(uid, '0');
    // mkdtemp's folder is closed to that user: the data had to go elsewhere.
    assert.ok(outside !== undefined && existsSync(join(outside, 'data', 'PG_VERSION')));
  }
  assert.match(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /fsync=on/);
});

test('a dead service is started again at the same address, the live one is kept', async () => {
  const before = state('redis');
  const other = state('postgres').pid;
  await stop(before, 'SIGKILL');
  const up = await servicesUp({ only });
  assert.equal(up.redis?.started, true);
  assert.equal(up.redis?.url, before.url);
  assert.notEqual(state('redis').pid, before.pid);
  assert.equal(state('postgres').pid, other);
});

test('its own variable does not keep a dead service dead', async () => {
  const before = state('redis');
  await stop(before, 'SIGKILL');
  process.env['REDIS_URL'] = before.url;
  const up = await servicesUp({ only });
  assert.deepEqual([up.redis?.where, up.redis?.started], ['local', true]);
});

test('concurrent ups start one of each', async () => {
  await stop(state('redis'), 'SIGTERM');
  const ups = await Promise.all([servicesUp({ only }), servicesUp({ only }), servicesUp({ only })]);
  assert.equal(ups.filter((up) => up.redis?.started).length, 1);
  assert.equal(new Set(ups.map((up) => up.redis?.url)).size, 1);
});

test('a variable that points to a living service is used, and nothing is started', async () => {
  const url = state('redis').url;
  const elsewhere = mkdtempSync(join(tmpdir(), 'aorta-services-'));
  process.env['AORTA_SERVICES_DIR'] = elsewhere;
  process.env['REDIS_URL'] = url;
  try {
    const up = await servicesUp({ only: ['redis'] });
    assert.deepEqual(up.redis, { url, where: 'environment', started: false });
    assert.equal(readState('redis'), undefined);
  } finally {
    process.env['AORTA_SERVICES_DIR'] = root;
    rmSync(elsewhere, { recursive: true, force: true });
  }
});

test('a missing prerequisite is one coded error that names what to install', async () => {
  const path = process.env['PATH'];
  await stop(state('redis'), 'SIGTERM');
  process.env['PATH'] = root;
  try {
    await assert.rejects(servicesUp({ only: ['redis'] }), {
      code: 'AORTA_SVC_002',
      details: { what: 'redis-server', package: 'redis-server' },
    });
  } finally {
    process.env['PATH'] = path;
  }
});

test('a service that cannot start says why and where its log is', async () => {
  const log = join(root, 'redis', 'log');
  const bin = join(root, 'redis-server');
  writeFileSync(bin, '#!/bin/sh\necho no disk here\nexit 1\n', { mode: 0o755 });
  const path = process.env['PATH'];
  process.env['PATH'] = `${root}:${path}`;
  try {
    await assert.rejects(servicesUp({ only: ['redis'] }), {
      code: 'AORTA_SVC_004',
      details: { service: 'redis', problem: 'its process ended', log },
    });
    assert.match(readFileSync(log, 'utf8'), /no disk here/);
  } finally {
    process.env['PATH'] = path;
    rmSync(bin);
  }
});

test('env names the services that are up, and the first that is not', async () => {
  await servicesUp({ only });
  process.env['KAFKA_BROKERS'] = 'k:9092';
  process.env['SCHEMA_REGISTRY_URL'] = 'http://r';
  assert.deepEqual(servicesEnv(), {
    KAFKA_BROKERS: 'k:9092',
    SCHEMA_REGISTRY_URL: 'http://r',
    REDIS_URL: state('redis').url,
    DATABASE_URL: state('postgres').url,
  });
  delete process.env['KAFKA_BROKERS'];
  assert.throws(servicesEnv, { code: 'AORTA_SVC_001', details: { service: 'kafka', problem: 'it has not been started' } });
});

test('down leaves alone a process that got the number of a dead service', async () => {
  const mine = startMark(process.pid) as string;
  const file = join(root, 'redis', 'state.json');
  const real = readFileSync(file, 'utf8');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(real), pid: process.pid, startedAt: `${mine}0` }));
  const down = await servicesDown({ only: ['redis'] });
  assert.equal(down.redis, 'gone');
  writeFileSync(file, real);
});

test('down stops, the next up has the same data, purge leaves nothing', async () => {
  const before = only.map(state);
  assert.deepEqual(await servicesDown({ only, dryRun: true }), {
    redis: `would stop process ${before[0]?.pid}`,
    postgres: `would stop process ${before[1]?.pid}`,
  });
  assert.ok(before.every(isRunning));
  const down = await servicesDown({ only });
  assert.deepEqual(down, { redis: 'stopped', postgres: 'stopped' });
  assert.ok(!before.some(isRunning));
  const outside = state('postgres').outside;
  const cluster = join(outside ?? join(root, 'postgres'), 'data', 'PG_VERSION');
  assert.ok(existsSync(cluster));
  const up = await servicesUp({ only });
  assert.equal(up.postgres?.url, before[1]?.url);
  await servicesDown({ only, purge: true });
  assert.equal(existsSync(cluster), false);
  assert.equal(existsSync(join(root, 'redis')), false);
});

test('a variable that points nowhere is named', async () => {
  const deaf: Server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
  const { port } = deaf.address() as { port: number };
  process.env['REDIS_URL'] = `redis://127.0.0.1:${port}`;
  await assert.rejects(servicesUp({ only: ['redis'], patienceMs: 200 }), (thrown: Error & { code: string }) => {
    assert.equal(thrown.code, 'AORTA_SVC_005');
    assert.match(thrown.message, /REDIS_URL/);
    return true;
  });
  deaf.close();
});
