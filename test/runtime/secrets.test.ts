import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/clock/system.ts';
import type { AortaError } from '../../src/errors/index.ts';
import { openSecrets } from '../../src/runtime/secrets.ts';
import { createKeyText } from '../../src/sandbox/ehr/index.ts';
import { openSite } from '../assist/site.ts';
import { ask } from '../support/http.ts';

test('what the process made for itself comes first, everything else is a file', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'aorta-secrets-'));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const { mkdir } = await import('node:fs/promises');
  await mkdir(join(data, 'secrets'));
  for (const name of ['one', 'two']) writeFileSync(join(data, 'secrets', name), `${name} of a file\n`, { mode: 0o600 });
  const secrets = openSecrets({ data, clock: systemClock, own: new Map([['secret:one', 'own']]) });
  assert.deepEqual([await secrets.get('secret:one'), await secrets.get('secret:two')], ['own', 'two of a file']);
  await assert.rejects(secrets.get('secret:three'), (thrown: AortaError) => thrown.code === 'AORTA_SEC_001');
  await secrets.close();
});

test('beside the sandbox, an EHR of the configuration has its key from a file', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'aorta-keys-'));
  const before = process.env['AORTA_SECRETS_DIR'];
  t.after(() => {
    if (before === undefined) delete process.env['AORTA_SECRETS_DIR'];
    else process.env['AORTA_SECRETS_DIR'] = before;
    rmSync(dir, { recursive: true, force: true });
  });
  process.env['AORTA_SECRETS_DIR'] = dir;
  const key = await createKeyText();
  writeFileSync(join(dir, 'main-key'), key, { mode: 0o600 });
  const client = { id: 'ours', key: 'secret:main-key', scopes: ['system/Patient.rs'] };
  const site = await openSite(t, { ehrs: { main: { fhirBase: 'http://127.0.0.1:9/fhir', clients: { cds: client } } } });
  const { keys } = (await ask(site.worker.http, '/.well-known/jwks.json')).json<{ keys: { kid: string; d?: string }[] }>();
  assert.deepEqual(
    keys.map(({ kid, d }) => [kid, d]),
    [[(JSON.parse(key) as { kid?: string; keys?: { kid: string }[] }).kid ?? JSON.parse(key).keys[0].kid, undefined]],
  );
});
