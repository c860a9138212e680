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

test('dlq lists, redrives and releases what was asked; brakes and what was left out are said', async () => {
  const brake = { flow: 'f', reason: 'run', deadLetters: 25, records: 25 };
  answer = { status: 200, body: { count: 1, letters: [{ id: '3-17', flow: 'f', code: 'C' }], brakes: [brake] } };
  const listed = await aorta(['dlq', 'ls', '--flow', 'f', ...at]);
  assert.deepEqual([listed.code, listed.stdout], [3, 'id    flow  code\n3-17  f     C\n']);
  assert.match(listed.stderr, /f stands still: 25 dead letters of 25 records \(run\).*`aorta dlq release f`/);
  answer = { status: 202, body: { letters: [], guarded: 2, more: false } };
  const args = ['dlq', 'redrive', 'f', '--id', '3-17', '--id', '0-1', '--force', '--dry-run', ...at];
  const redriven = await aorta(args);
  assert.deepEqual([redriven.code, redriven.stdout], [3, 'no dead letter matches, or all are taken\n']);
  assert.match(redriven.stderr, /2 left out.*--force/);
  answer = { status: 202, body: { letters: [{ id: '3-17' }], guarded: 0, more: false } };
  assert.equal((await aorta(['dlq', 'redrive', 'f', '--all', '--action', 'discard', ...at])).code, 0);
  answer = { status: 202, body: { brake, dryRun: false } };
  assert.equal((await aorta(['dlq', 'release', 'f', ...at])).stdout, 'released f: 25 dead letters of 25 records (run)\n');
  answer = { status: 200, body: { id: '3-17', schemaId: null } };
  assert.equal((await aorta(['dlq', 'show', 'f', '3-17', ...at])).stdout, 'id: 3-17\nschemaId: -\n');
  assert.deepEqual(
    asked.map(({ url, body }) => (body === '' ? url : [url, JSON.parse(body)])),
    [
      '/api/ops/dlq?limit=50&flow=f',
      ['/api/ops/dlq/redrive', { flow: 'f', action: 'redrive', dryRun: true, ids: ['3-17', '0-1'], force: true }],
      ['/api/ops/dlq/redrive', { flow: 'f', action: 'discard', dryRun: false, all: true }],
      ['/api/ops/dlq/release', { flow: 'f', dryRun: false }],
      '/api/ops/dlq/f/3-17',
    ],
  );
});

test('quarantine sends a corrected copy, the entry as it is, or its dismissal', async () => {
  const file = join(data, 'corrected.hl7');
  writeFileSync(file, 'MSH|corrected\r');
  answer = { status: 200, body: { id: 'X', source: 'mllp', size: 14 } };
  assert.equal(
    (await aorta(['quarantine', 'fix', 'X', '--file', file, ...at])).stdout,
    'took in the corrected copy of X (mllp, 14 bytes)\n',
  );
  assert.equal((await aorta(['quarantine', 'resubmit', 'X', '--dry-run', ...at])).stdout, 'would take in again X (mllp, 14 bytes)\n');
  assert.equal((await aorta(['quarantine', 'dismiss', 'X', ...at])).stdout, 'dismissed X (mllp, 14 bytes)\n');
  answer = { status: 200, body: { id: 'X', body: Buffer.from('MSH|\r\u00ff', 'latin1').toString('base64') } };
  assert.equal((await aorta(['quarantine', 'show', 'X', '--raw', ...at])).stdout, Buffer.from('MSH|\r\u00ff', 'latin1').toString());
  assert.deepEqual(
    asked.map(({ url, body }) => [url, body === '' ? undefined : JSON.parse(body)]),
    [
      ['/api/ops/quarantine/X/fix', { body: Buffer.from('MSH|corrected\r').toString('base64'), dryRun: false }],
      ['/api/ops/quarantine/X/resubmit', { dryRun: true }],
      ['/api/ops/quarantine/X/dismiss', { dryRun: false }],
      ['/api/ops/quarantine/X', undefined],
    ],
  );
  const missing = await aorta(['quarantine', 'fix', 'X', '--file', join(data, 'none'), ...at]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /ENOENT\. \[AORTA_CLI_008\]/);
});

test('trace tells the way of an event', async () => {
  answer = {
    status: 200,
    body: {
      ...{ eventId: 'E', patient: 'P', admittedAt: 0, timeline: [{ type: 'Update', recordedAt: 1000 }] },
      flows: [
        {
          ...{ flow: 'f', held: [], deadLetters: [] },
          source: [{ topic: 't', partition: 1, offset: 7 }],
          settlements: [{ at: 500, partition: 1, offset: 7, settlement: { kind: 'done' } }],
          emitted: [{ topic: 'out', partition: 2, offset: 9, eventId: 'E:to:0' }],
        },
      ],
      redrives: [{ flow: 'f', action: 'redrive', actor: 'me', at: 2000 }],
      searched: { recordsPerPartition: 2000 },
    },
  };
  const { code, stdout } = await aorta(['trace', 'E', ...at]);
  assert.deepEqual(
    [code, stdout.split('\n').slice(0, -1)],
    [
      0,
      [
        'patient P',
        'admitted 1970-01-01T00:00:00.000Z',
        'f:',
        '  read from t/1/7',
        '  done 1970-01-01T00:00:00.500Z (1/7)',
        '  emitted E:to:0 to out/2/9',
        'timeline: Update, recorded 1970-01-01T00:00:01.000Z',
        'redrive in f by me 1970-01-01T00:00:02.000Z',
        '(looked through the newest 2000 records of each partition)',
      ],
    ],
  );
  assert.equal(asked[0]?.url, '/api/ops/trace/E');
});

test('doctor tells what the running instance needs: too much set aside, a brake, a topic that keeps too little', async () => {
  answer = {
    status: 200,
    body: {
      setAside: { total: 11, quarantined: 4, flows: [{ flow: 'f', parked: 5, deadLettered: 2 }] },
      brakes: [{ flow: 'f', deadLetters: 25 }],
      drift: [{ topic: 'hl7.adt', retentionMs: 86_400_000, wantedMs: 604_800_000 }],
    },
  };
  const { code, stdout } = await aorta(['doctor', ...at]);
  assert.equal(code, 3);
  assert.match(stdout, /wrong {2}set aside {2}5 parked, 4 quarantined, 2 dead letters: more than 10 is the DLQ alert/);
  assert.match(stdout, /wrong {2}brake {6}f stands still after 25 dead letters/);
  assert.match(stdout, /wrong {2}retention {2}hl7\.adt is kept 1 days; it needs 7 days/);
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
