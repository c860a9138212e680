import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { ask, post } from '../support/http.ts';

const root = resolve(import.meta.dirname, '../..');

test('aorta dev has a sandbox EHR that calls its CDS services with a signed token, and lets it read with its own', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'aorta-sandbox-'));
  const args = [join(root, 'bin/aorta.js'), 'dev', '--no-feed', '--json', '--data', data, '--port', '0', '--mllp-port', '0'];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => {
    child.kill('SIGKILL');
    rmSync(data, { recursive: true, force: true });
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  const line = await new Promise<string>((done) => createInterface({ input: child.stdout }).once('line', done));
  const { http, sandbox } = JSON.parse(line) as { http: string; sandbox: { ehr: string } };
  const { patients } = (await (await fetch(`${sandbox.ehr}/_sandbox/patients`)).json()) as { patients: { id: string }[] };
  const patientId = patients[0]?.id ?? '';
  for (const [prefetch, access] of [
    ['all', true],
    ['none', true],
    // No token came along: Aorta reads as itself, and the EHR fetches its keys to see that it is.
    ['none', false],
  ] as const) {
    const answer = await post(sandbox.ehr, '/_sandbox/cds', { base: http, service: 'chart-review', patientId, prefetch, access });
    const { status, body } = answer.json<{ status: number; body: { cards: unknown[] } }>();
    assert.deepEqual([answer.status, status, body.cards?.length], [200, 200, 1], answer.text.slice(0, 400) + said);
  }
  const curl = {
    hook: 'patient-view',
    hookInstance: 'd1577c69-dfbe-44ad-ba6d-3e05e953b2ea',
    context: { userId: 'Practitioner/1', patientId },
  };
  assert.equal((await post(http, '/cds-services/chart-review', curl)).status, 200, 'without any token, on loopback');
  assert.equal((await post(http, '/cds-services/chart-review', curl, { authorization: 'Bearer x' })).status, 401);
  const answer = await post(http, '/api/assist', { patientId, prompt: 'Which medication?' });
  assert.ok(answer.text.endsWith('data: [DONE]\n\n'), answer.text.slice(-200));
  const asked = await post(http, '/api/jobs', { type: 'clinical-draft', patientId }, { 'idempotency-key': 'k' });
  assert.equal(asked.status, 202);
  for (let tries = 0; tries < 1_200; tries++) {
    const { status } = (await ask(http, String(asked.headers.location))).json();
    if (status === 'succeeded') break;
    assert.ok(['queued', 'running'].includes(String(status)), String(status));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const began = performance.now();
  child.kill('SIGTERM');
  assert.equal(await new Promise((done) => child.once('exit', done)), 0);
  assert.ok(performance.now() - began < 30_000, 'an answer that can be resumed does not hold the process');
});
