import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadCdsServices } from '../../src/runtime/cds.ts';
import { accessOf, scopeFindings, scopesOf } from '../../src/runtime/scopes.ts';
import { aorta } from '../cli/run.ts';
import { project } from '../edge/cds/open.ts';
import { sixScopes } from '../sandbox/ehr/open.ts';

test('the scopes of the CDS services are exactly those of the six reads', async () => {
  assert.deepEqual(scopesOf(accessOf(await loadCdsServices(project)), 'cds'), sixScopes);
});

test('a surplus scope and a missing one are findings, in either syntax; a component that nobody knows needs none', async () => {
  const access = accessOf(await loadCdsServices(project));
  const codes = (scopes: readonly string[], component = 'cds') =>
    scopeFindings({ main: { fhirBase: 'https://e', clients: { [component]: { id: 'c', key: 'secret:k', scopes } } } }, access).map(
      ({ code, message }) => [code, message.includes(component)],
    );
  assert.deepEqual(codes(sixScopes), []);
  assert.deepEqual(codes(sixScopes.map((scope) => scope.replace('.rs', '.read'))), []);
  assert.deepEqual(codes([...sixScopes, 'system/DocumentReference.write']), [['AORTA_SMART_012', true]]);
  assert.deepEqual(codes(sixScopes.slice(1)), [['AORTA_SMART_013', true]]);
  assert.deepEqual(codes(['system/Patient.read'], 'unknown'), [['AORTA_SMART_012', true]]);
});

test('aorta check fails on a surplus scope and refuses a wildcard', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'aorta-check-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const check = (scopes: readonly string[]) => {
    const file = join(dir, `${scopes.length}-${scopes.at(-1)?.replaceAll(/\W/g, '')}.ts`);
    writeFileSync(
      file,
      `export default ${JSON.stringify({ ehrs: { main: { fhirBase: 'https://e', clients: { cds: { id: 'c', key: 'secret:k', scopes } } } } })};`,
    );
    return aorta(['check', '--json', '--config', file], { cwd: project });
  };
  assert.equal((await check(sixScopes)).code, 0);
  const surplus = await check([...sixScopes, 'system/Claim.rs']);
  assert.deepEqual([surplus.code, surplus.stdout.includes('AORTA_SMART_012')], [3, true]);
  const wildcard = await check(['system/*.read']);
  assert.deepEqual([wildcard.code, wildcard.stdout.includes('AORTA_SMART_002')], [1, true]);
});

test('a Provenance may be granted to drafts, in either syntax, and need not be; more of it is surplus, and so is it for others', () => {
  const access = accessOf([]);
  const codes = (component: string, ...more: string[]) => {
    const clients = { [component]: { id: 'd', key: 'secret:k', scopes: [...scopesOf(access, component), ...more] } };
    return scopeFindings({ main: { fhirBase: 'https://e', clients } }, access).map(({ code }) => code);
  };
  assert.deepEqual(scopesOf(access, 'drafts').includes('system/Provenance.c'), false);
  for (const granted of [[], ['system/Provenance.c'], ['system/Provenance.write']]) assert.deepEqual(codes('drafts', ...granted), []);
  assert.deepEqual(codes('drafts', 'system/Provenance.cr'), ['AORTA_SMART_012']);
  assert.deepEqual(codes('assist', 'system/Provenance.c'), ['AORTA_SMART_012']);
});
