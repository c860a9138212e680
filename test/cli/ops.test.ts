import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { aorta } from './run.ts';

const data = mkdtempSync(join(tmpdir(), 'aorta-ops-'));
const asked: { method: string; url: string; body: string; authorization: string | undefined }[] = [];
let answer: { status: number; body: unknown } = { status: 200, body: [] };
let http = '';

const server = createServer(async (request, response) => {
  asked.push({
    method: request.method ?? '',
    url: request.url ?? '',
    body: await bodyOf(request),
    authorization: request.headers.authorization,
  });
  response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  http = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
});

after(() => {
  server.close();
  rmSync(data, { recursive: true, force: true });
});

beforeEach(() => {
  asked.length = 0;
  writeFileSync(join(data, 'instance.json'), JSON.stringify({ http, pid: process.pid }));
});

const at = ['--data', data];

test('why asks for a partition by number and for a patient by anything else, and reports what is overdue', async () => {
  const wait = {
    flow: 'adt-admissions',
    topic: 'hl7.adt',
    partition: 3,
    reason: 'running',
    overdue: false,
    message: 'in call, attempt 1, for 2.0 s; 4 behind',
  };
  answer = { status: 200, body: { waits: [wait] } };
  const one = await aorta(['why', '3', ...at]);
  assert.deepEqual([one.code, one.stdout], [0, 'adt-admissions hl7.adt/3 running: in call, attempt 1, for 2.0 s; 4 behind\n']);
  answer = { status: 200, body: { waits: [{ ...wait, overdue: true }] } };
  assert.equal((await aorta(['why', 'p 1', ...at])).code, 3);
  answer = { status: 200, body: { waits: [] } };
  assert.equal((await aorta(['why', 'p2', ...at])).stdout, 'nothing waits\n');
  assert.deepEqual(
    asked.map(({ url }) => url),
    ['/api/ops/why?partition=3', '/api/ops/why?patient=p%201', '/api/ops/why?patient=p2'],
  );
});

test('parked ls prints a table, --json the answer as it came', async () => {
  answer = {
    status: 200,
    body: {
      parked: [
        { flow: 'f', key: 'p1', count: 2, due: null, at: 5 },
        { flow: 'f', key: 'patient-2', count: 10, due: null, at: 5 },
      ],
    },
  };
  const text = await aorta(['parked', 'ls', ...at]);
  assert.equal(text.stdout, 'flow  key        count  at\nf     p1         2      5\nf     patient-2  10     5\n');
  const json = await aorta(['parked', 'ls', ...at, '--json']);
  assert.deepEqual(JSON.parse(json.stdout), answer.body);
  answer = { status: 200, body: [] };
  assert.equal((await aorta(['parked', 'ls', ...at])).stdout, 'no patient is held\n');
});

test('parked show and quarantine show escape what they put into a path', async () => {
  await aorta(['parked', 'show', 'f', 'a/b', ...at]);
  await aorta(['quarantine', 'show', '../x', ...at]);
  assert.deepEqual(
    asked.map(({ url }) => url),
    ['/api/ops/parked/f/a%2Fb', '/api/ops/quarantine/..%2Fx'],
  );
});

test('redrive sends exactly what was asked, with the token', async () => {
  answer = { status: 200, body: { patients: [] } };
  const args = ['parked', 'redrive', 'f', '--key', 'p1', '--error-class', 'Transient', '--action', 'discard', '--dry-run', ...at];
  const { code, stdout } = await aorta(args, { env: { ...process.env, AORTA_TOKEN: 't0k' } });
  assert.deepEqual([code, stdout], [0, 'no patient matches\n']);
  assert.deepEqual(JSON.parse(asked[0]?.body ?? ''), { flow: 'f', key: 'p1', errorClass: 'Transient', action: 'discard', dryRun: true });
  assert.equal(asked[0]?.authorization, 'Bearer t0k');
  await aorta(['parked', 'redrive', 'f', ...at]);
  assert.deepEqual(JSON.parse(asked[1]?.body ?? ''), { flow: 'f', action: 'redrive', dryRun: false });
});

test('unmerge names both patients and says what was given back', async () => {
  answer = { status: 200, body: { mergedAt: '2026-01-01T00:00:00.000Z', identifiers: 2 } };
  const args = ['unmerge', '--survivor', 'A', '--merged', 'B', ...at];
  assert.equal((await aorta([...args, '--dry-run'])).stdout, 'would give back 2 identifiers, merged at 2026-01-01T00:00:00.000Z\n');
  assert.match((await aorta(args)).stdout, /^gave back 2 identifiers/);
  assert.deepEqual(
    asked.map(({ method, url, body }) => [method, url, JSON.parse(body)]),
    [
      ['POST', '/api/ops/unmerge', { survivor: 'A', merged: 'B', dryRun: true }],
      ['POST', '/api/ops/unmerge', { survivor: 'A', merged: 'B', dryRun: false }],
    ],
  );
  assert.deepEqual(JSON.parse((await aorta([...args, '--json'])).stdout), answer.body);
  assert.equal((await aorta(['unmerge', '--survivor', 'A', ...at])).code, 2);
});

test('a refusal is AORTA_CLI_002 with the reason of the problem document, without the ids of the path', async () => {
  answer = { status: 403, body: { title: 'Forbidden', detail: 'needs the operator role' } };
  const { code, stdout, stderr } = await aorta(['why', 'secret-patient', ...at, '--json']);
  assert.equal(code, 1);
  assert.match(stderr, /answered 403 to \/api\/ops\/why: needs the operator role\. \[AORTA_CLI_002\]/);
  assert.doesNotMatch(stderr, /secret-patient/);
  assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, 'AORTA_CLI_002');
});

test('no instance, a dead one, and one that does not listen are AORTA_CLI_001', async () => {
  const nowhere = await aorta(['parked', 'ls', '--data', join(data, 'none')]);
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.stderr, /there is no .*instance\.json\. \[AORTA_CLI_001\]/);
  writeFileSync(join(data, 'instance.json'), JSON.stringify({ http, pid: 2 ** 22 + 1 }));
  assert.match((await aorta(['parked', 'ls', ...at])).stderr, /process 4194305 has ended\. \[AORTA_CLI_001\]/);
  assert.match((await aorta(['parked', 'ls', '--url', 'http://127.0.0.1:9999'])).stderr, /ECONNREFUSED.*\[AORTA_CLI_001\]/);
});
