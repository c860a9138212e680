import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { makeKey } from '../../src/smart/index.ts';
import { openCds } from '../edge/cds/open.ts';
import { openEhr, patientsOf, signingKey } from '../sandbox/ehr/open.ts';
import { aorta } from './run.ts';

const launcher = resolve(import.meta.dirname, '../../bin/aorta.js');

test('aorta sandbox ehr says where it is, serves, and ends with 0 on SIGTERM', async (t) => {
  const child = spawn(process.execPath, [launcher, 'sandbox', 'ehr', '--port', '0', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const line = await new Promise<string>((done) => child.stdout.setEncoding('utf8').once('data', done));
  const { event, sandbox } = JSON.parse(line) as { event: string; sandbox: { ehr: string } };
  assert.equal(event, 'ready');
  const listed = await aorta(['sandbox', 'patients', '--sandbox', sandbox.ehr, '--json']);
  assert.equal((JSON.parse(listed.stdout) as { patients: unknown[] }).patients.length, 10);
  assert.equal((await fetch(`${sandbox.ehr}/fhir/.well-known/smart-configuration`)).status, 200);
  child.kill('SIGTERM');
  assert.equal(await new Promise((done) => child.once('close', done)), 0);
  const gone = await aorta(['sandbox', 'patients', '--sandbox', sandbox.ehr]);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /AORTA_CLI_010/);
});

test('aorta sandbox call shows the cards that an EHR would', async (t) => {
  const { url, ehr } = await openCds(t);
  const [patient = ''] = patientsOf(ehr);
  const flags = ['--url', url, '--sandbox', ehr.url, '--patient', patient];
  const shown = await aorta(['sandbox', 'call', '--service', 'chart-review', ...flags]);
  assert.deepEqual(
    [shown.code, /^(?:info|warning|critical) +\d+ abnormal result/.test(shown.stdout)],
    [0, true],
    shown.stdout + shown.stderr,
  );
  const json = await aorta(['sandbox', 'call', '--service', 'chart-review', '--no-prefetch', '--json', ...flags]);
  assert.doesNotMatch(json.stdout, /access_token/);
  assert.equal((JSON.parse(json.stdout) as { status: number }).status, 200);
  assert.equal((await aorta(['sandbox', 'call', '--service', 'nothing', ...flags])).code, 1);
});

test('aorta probe ehr goes through every step and names the one that fails', async (t) => {
  const { ehr } = await openEhr(t);
  const dir = mkdtempSync(join(tmpdir(), 'aorta-probe-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const config = (more: object) => {
    const clients = { cds: { id: 'aorta-cds', key: 'secret:ehr-key', scopes: ['system/Patient.rs'] } };
    writeFileSync(
      join(dir, 'aorta.config.ts'),
      `export default ${JSON.stringify({ ehrs: { main: { fhirBase: ehr.fhirBase, clients, ...more } } })};`,
    );
  };
  const secret = (key: object) => writeFileSync(join(dir, 'ehr-key'), JSON.stringify(key), { mode: 0o600 });
  const probe = async (...args: string[]) => {
    const { code, stdout, stderr } = await aorta(['probe', 'ehr', 'main', '--json', '--config', join(dir, 'aorta.config.ts'), ...args], {
      env: { ...process.env, AORTA_SECRETS_DIR: dir },
    });
    return {
      code,
      text: stdout + stderr,
      steps: code === 1 ? [] : (JSON.parse(stdout) as { steps: { step: string; ok: boolean; says: string }[] }).steps,
    };
  };
  config({});
  secret((await signingKey()).key);
  const [patient = ''] = patientsOf(ehr);
  const good = await probe('--patient', patient);
  assert.equal(good.code, 0, good.text);
  assert.deepEqual(good.steps.map(({ step }) => step).slice(0, 4), ['SMART configuration', 'signing key', 'access token', 'read patient']);
  assert.equal(good.text.includes(patient), false);
  secret(await makeKey('ES384', 'stranger'));
  const refused = await probe();
  assert.deepEqual([refused.code, refused.steps.at(-1)?.step, refused.steps.at(-1)?.ok], [3, 'access token', false]);
  assert.match(refused.steps.at(-1)?.says ?? '', /AORTA_SMART_006/);
  assert.equal((await aorta(['probe', 'ehr', 'other', '--config', join(dir, 'aorta.config.ts')])).code, 1);
});
