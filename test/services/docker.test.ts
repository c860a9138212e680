import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { composeConfig, composeUrls } from '../../src/services/docker.ts';
import { servicesDown } from '../../src/services/down.ts';
import { readState } from '../../src/services/state.ts';
import { servicesUp } from '../../src/services/up.ts';

// Stands in for the Docker client: writes down what it is asked. The service itself answers from this process.
const root = mkdtempSync(join(tmpdir(), 'aorta-docker-'));
const calls = join(root, 'calls');
const path = process.env['PATH'];
const redis: Server = createServer((socket) => socket.on('data', () => socket.write('+PONG\r\n')));

before(async () => {
  process.env['AORTA_SERVICES_DIR'] = join(root, 'state');
  delete process.env['REDIS_URL'];
  const port = Number(new URL(composeUrls.redis).port);
  await new Promise<void>((resolve) => redis.listen(port, '127.0.0.1', resolve));
});

after(() => {
  process.env['PATH'] = path;
  redis.close();
  rmSync(root, { recursive: true, force: true });
});

function docker(script: string): void {
  writeFileSync(join(root, 'docker'), `#!/bin/sh\necho "$@" >> ${calls}\n${script}\n`, { mode: 0o755 });
  process.env['PATH'] = `${root}:${path}`;
}

function asked(): string[] {
  const lines = existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [];
  rmSync(calls, { force: true });
  return lines;
}

const file = resolve(import.meta.dirname, '../../docker-compose.yml');

test('up --docker starts what is missing, waits for its health, and down stops it', async () => {
  docker('exit 0');
  const first = await servicesUp({ only: ['redis'], docker: true });
  assert.deepEqual(first.redis, { url: composeUrls.redis, where: 'docker', started: true });
  assert.deepEqual(asked(), ['compose version', `compose --file ${file} --project-name aorta up --detach --wait redis`]);
  const second = await servicesUp({ only: ['redis'], docker: true });
  assert.equal(second.redis?.started, false);
  assert.deepEqual(asked(), []);
  assert.deepEqual(await servicesDown({ only: ['redis'], purge: true }), { redis: 'stopped' });
  assert.deepEqual(asked(), ['compose version', `compose --file ${file} --project-name aorta down --volumes`]);
  assert.equal(readState('redis'), undefined);
});

test('without a compose plugin, without a client, and when the daemon refuses, the error is AORTA_SVC_007', async () => {
  const up = () => servicesUp({ only: ['redis'], docker: true });
  docker('exit 1');
  await assert.rejects(up(), { code: 'AORTA_SVC_007', details: { problem: 'the docker command has no compose plugin' } });
  assert.equal(await composeConfig(), undefined);
  docker('[ "$2" = version ] || { echo "Cannot connect to the Docker daemon" >&2; exit 1; }');
  await assert.rejects(
    up(),
    (thrown: Error & { code: string }) => thrown.code === 'AORTA_SVC_007' && /Cannot connect to the Docker daemon/.test(thrown.message),
  );
  process.env['PATH'] = join(root, 'none');
  await assert.rejects(up(), { code: 'AORTA_SVC_007', details: { problem: 'there is no docker command' } });
  process.env['PATH'] = path;
});
