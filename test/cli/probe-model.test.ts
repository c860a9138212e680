import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openProvider, says } from '../model/provider.ts';
import { aorta } from './run.ts';

interface Probed {
  readonly model: { readonly provider: string };
  readonly cases: { readonly name: string; readonly text: string; readonly problems: string[] }[];
}

test('aorta probe model asks the configured model every case: the built-in one passes, a bad one and one that is away do not', async (t) => {
  const provider = await openProvider(t);
  const dir = mkdtempSync(join(tmpdir(), 'aorta-probe-model-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const probe = async (model: object | undefined, ...args: string[]) => {
    const file = join(dir, 'aorta.config.ts');
    writeFileSync(file, `export default ${JSON.stringify(model === undefined ? {} : { model })};`);
    return aorta(['probe', 'model', '--config', file, ...args], { env: { ...process.env, AORTA_SECRETS_DIR: dir } });
  };
  const outer = { provider: { baseUrl: provider.baseUrl, model: 'm', key: 'secret:model-key' }, allowed: [provider.origin] };

  const good = await probe(undefined);
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /builtin[\s\S]*result +case[\s\S]*ok +names an allergy/);
  assert.doesNotMatch(good.stdout, /FAIL/);

  writeFileSync(join(dir, 'model-key'), 'a-key', { mode: 0o600 });
  provider.answer = says('All is ', 'well [99].');
  const bad = await probe(outer, '--json');
  assert.equal(bad.code, 3, bad.stderr);
  const { model, cases } = JSON.parse(bad.stdout) as Probed;
  assert.equal(model.provider, provider.origin);
  assert.equal(provider.asked.length, cases.length, 'each case is asked once');
  assert.ok(cases.every(({ text, problems }) => text === 'All is well [99].' && problems.includes('refers to [99], which does not exist')));

  provider.answer = (_request, response) => void response.writeHead(500).end();
  const away = await probe(outer);
  assert.equal(away.code, 3, away.stderr);
  assert.match(away.stdout, /FAIL .*AORTA_MODEL_/);
  assert.ok(!`${away.stdout}${away.stderr}${bad.stdout}`.includes('a-key'));

  const refused = await probe({ ...outer, allowed: ['https://other.example'] });
  assert.equal(refused.code, 1, refused.stdout);
});
