// R37 as it is in production: workers are processes, and Redis is all that they share.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { eventually, sumOf } from '../../fault/support/product.ts';
import { PrivateRedis } from '../../keyed/redis/private-redis.ts';
import { openEhr, type Scope } from '../../sandbox/ehr/open.ts';
import { ask, post } from '../../support/http.ts';
import type { WorkerProcess } from './worker-process.ts';

const path = '/cds-services/chart-review';
const publicUrl = 'https://cds.example';

async function startProcess(scope: Scope, options: Omit<WorkerProcess, 'data'>) {
  const data = mkdtempSync(join(tmpdir(), 'aorta-worker-'));
  const given: WorkerProcess = { ...options, data };
  const child = spawn(process.execPath, [new URL('./worker-process.ts', import.meta.url).pathname, JSON.stringify(given)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  const ended = once(child, 'exit');
  scope.after(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
    rmSync(data, { recursive: true, force: true });
  });
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([first]) => String(first)),
    ended.then(([code]) => Promise.reject(new Error(`the worker ended with ${code}: ${said}`))),
  ]);
  const { http } = JSON.parse(line) as { http: string };
  return {
    pid: child.pid,
    said: () => said,
    metric: async (name: string) => sumOf((await ask(http, '/metrics')).text, name, {}),
    status: async (authorization: string) => (await post(http, path, {}, { authorization, host: 'cds.example' })).status,
    async stop() {
      child.kill('SIGTERM');
      return (await ended)[0] as number | null;
    },
  };
}

test('R37, workers as processes: one token once, one quota over both, Redis killed and back with nothing in it', async (t) => {
  const redis = await PrivateRedis.start();
  t.after(() => redis.kill());
  const { ehr } = await openEhr(t);
  const options = {
    redisUrl: redis.url,
    cds: { publicUrl, quota: { perSecond: 0.001, burst: 12 } },
    ehrs: { sandbox: { fhirBase: ehr.fhirBase, cdsClient: { issuer: ehr.url, jku: `${ehr.url}/.well-known/jwks.json` } } },
  };
  const [one, two] = await Promise.all([startProcess(t, options), startProcess(t, options)]);
  assert.notEqual(one.pid, two.pid);
  const both = [one, two] as const;
  const bothSee = (up: number) => async () => (await one.metric('aorta_keyed_up')) === up && (await two.metric('aorta_keyed_up')) === up;
  await eventually('both to have Redis', bothSee(1));
  const token = () => ehr.cds.authorization(`${publicUrl}${path}`);

  // 400: let in, and the body is no hook request.
  const used = await token();
  assert.deepEqual([await one.status(used), await two.status(used), await one.status(used)], [400, 401, 401]);
  const raced = await token();
  const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => (both[i % 2] as typeof one).status(raced)));
  assert.deepEqual(answers.toSorted(), [400, ...Array.from({ length: 9 }, () => 401)]);
  // Two of twelve are used; each asks once more, so that both know. The second one first: the first has asked, it may not have.
  assert.deepEqual([await two.status(await token()), await one.status(await token())], [400, 400]);

  await redis.kill();
  const alone = await token();
  const admitted: number[] = [];
  for (const worker of both) {
    const given = [await worker.status(worker === one ? alone : await token())];
    for (let i = 0; i < 5; i++) given.push(await worker.status(await token()));
    assert.ok(
      given.every((status) => status === 400 || status === 429),
      given.join(),
    );
    admitted.push(given.filter((status) => status === 400).length);
  }
  assert.deepEqual(admitted, [4, 4], 'each its half of the eight that were left');
  assert.equal(await one.status(alone), 401, 'the worker that took it remembers');
  assert.ok((await one.metric('aorta_quota_local_total')) >= 6);

  await redis.start();
  await eventually('both to have Redis again', bothSee(1));
  // An empty Redis gives nobody a new burst, and hears with the next request what was taken meanwhile.
  await eventually('the other worker to know the token', async () => {
    assert.deepEqual([await one.status(await token()), await two.status(await token())], [429, 429]);
    return (await two.status(alone)) === 401;
  });
  assert.deepEqual(await Promise.all(both.map((worker) => worker.stop())), [0, 0], one.said() + two.said());
});
