import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createFileAudit } from '../../src/governance/audit/file/index.ts';
import { aorta } from './run.ts';

const data = mkdtempSync(join(tmpdir(), 'aorta-audit-'));
const key = randomBytes(32);
const dir = join(data, 'audit');
after(() => rmSync(data, { recursive: true, force: true }));

before(async () => {
  mkdirSync(join(data, 'secrets'));
  writeFileSync(join(data, 'secrets', 'audit-key'), `${key.toString('hex')}\n`, { mode: 0o600 });
  const audit = await createFileAudit({ dir, key });
  for (const actor of ['ann', 'bob', 'eve'])
    await audit.append({ at: 1, actor, action: 'read', target: '/fhir/Patient/:id', outcome: 'success' });
  await audit.close();
});

const verify = ['audit', 'verify', '--data', data];

test('an untouched trail is intact: exit code 0', async () => {
  const { code, stdout } = await aorta([...verify, '--json']);
  assert.equal(code, 0);
  const verdict = JSON.parse(stdout) as { intact: boolean; records: number };
  assert.deepEqual([verdict.intact, verdict.records >= 3], [true, true]);
});

test('a changed record is named: exit code 3', async () => {
  const segment = readdirSync(dir)
    .map((name) => join(dir, name))
    .find((file) => readFileSync(file, 'utf8').includes('"bob"')) as string;
  const text = readFileSync(segment, 'utf8');
  writeFileSync(segment, text.replace('"bob"', '"ned"'));
  const { code, stdout } = await aorta(verify);
  assert.equal(code, 3);
  assert.match(stdout, /^BROKEN at record \d+: /);
  writeFileSync(segment, text);
  assert.equal((await aorta(verify)).code, 0);
});

test('without its key the trail cannot be checked: exit code 1', async () => {
  const { code, stderr } = await aorta([...verify, '--secrets', join(data, 'none')]);
  assert.equal(code, 1);
  assert.match(stderr, /\[AORTA_SEC_\d+\]/);
});
