import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { verbs } from '../../src/cli/verbs/index.ts';
import { errorTable } from '../../src/errors/index.ts';
import { aorta } from './run.ts';

test('every verb has help with an example and its exit codes', async () => {
  const words = Object.keys(verbs).map((verb) => [verb]);
  const deeper = [
    ...['up', 'down', 'env'].map((verb) => ['services', verb]),
    ...['gen', 'check', 'push'].map((verb) => ['schema', verb]),
    ...['ls', 'show', 'redrive'].map((verb) => ['parked', verb]),
    ...['ls', 'show', 'redrive', 'release'].map((verb) => ['dlq', verb]),
    ...['ls', 'show', 'fix', 'resubmit', 'dismiss'].map((verb) => ['quarantine', verb]),
    ...['ls', 'tail'].map((verb) => ['topic', verb]),
    ['new', 'topology'],
    ['new', 'source'],
    ['audit', 'verify'],
    ...['ehr', 'patients', 'call'].map((verb) => ['sandbox', verb]),
    ['probe', 'ehr'],
    ['probe', 'model'],
  ];
  const groups = new Set(deeper.map(([group]) => group));
  for (const path of [...words.filter(([verb]) => !groups.has(verb)), ...deeper]) {
    const { code, stdout } = await aorta([...path, '--help']);
    assert.equal(code, 0, path.join(' '));
    assert.match(stdout, new RegExp(`Example:\\n +(eval "\\$\\()?aorta ${path.join(' ')}`), path.join(' '));
    assert.match(stdout, /Exit codes: 0 /, path.join(' '));
    assert.match(stdout, /--json/, path.join(' '));
  }
});

test('the overview lists every verb', async () => {
  const { stdout } = await aorta(['--help']);
  for (const verb of Object.keys(verbs)) assert.match(stdout, new RegExp(`^  ${verb}  `, 'm'));
});

test('wrong usage exits with 2 and says what was expected', async () => {
  const misspelt = await aorta(['servces']);
  assert.equal(misspelt.code, 2);
  assert.match(misspelt.stderr, /did you mean `services`/);
  assert.equal((await aorta(['why'])).code, 2);
  const port = await aorta(['dev', '--port', '70000']);
  assert.equal(port.code, 2);
  assert.match(port.stderr, /'70000' is not a port/);
});

test('explain tells every code, offline, in any case', async () => {
  const { code, stdout } = await aorta(['explain', 'aorta_svc_002', '--json']);
  assert.equal(code, 0);
  const told = JSON.parse(stdout) as Record<string, string>;
  assert.equal(told['code'], 'AORTA_SVC_002');
  assert.equal(told['remedy'], errorTable.AORTA_SVC_002.remedy);
  const none = await aorta(['explain', 'AORTA_SVC_999']);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /AORTA_CLI_005.*\n.*AORTA_SVC_001/);
});

test('completion proposes verbs, their parts and flags', async () => {
  assert.equal((await aorta(['__complete', 'serv'])).stdout, 'services\n');
  assert.equal((await aorta(['__complete', 'services', 'u'])).stdout, 'up\n');
  assert.equal((await aorta(['__complete', 'check', '--st'])).stdout, '--strict\n');
  const { stdout } = await aorta(['completion', 'bash']);
  execFileSync('bash', ['-n', '-c', stdout]);
  assert.equal((await aorta(['completion', 'tcsh'])).code, 2);
});

test('doctor looks at the Node that really runs', async () => {
  const { code, stdout } = await aorta(['doctor', '--json']);
  const { findings } = JSON.parse(stdout) as { findings: { subject: string; state: string; says: string }[] };
  assert.equal(code, findings.some(({ state }) => state === 'wrong') ? 3 : 0);
  const node = findings.find(({ subject }) => subject === 'Node');
  assert.equal(node?.state, 'ok');
  assert.match(node?.says ?? '', new RegExp(`^${process.version} `));
});

test('doctor finds a service of the environment that does not answer', async () => {
  const { code, stdout } = await aorta(['doctor', '--json'], { env: { ...process.env, REDIS_URL: 'redis://127.0.0.1:1' } });
  assert.equal(code, 3);
  const { findings } = JSON.parse(stdout) as { findings: { subject: string; state: string; says: string }[] };
  const redis = findings.find(({ subject }) => subject === 'redis');
  assert.equal(redis?.state, 'wrong');
  assert.match(redis?.says ?? '', /REDIS_URL: .*ECONNREFUSED/);
});
