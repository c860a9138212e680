import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeKey, publicJwk } from '../../../src/smart/index.ts';
import { openEhr, patientsOf, signingKey, sixScopes } from '../../sandbox/ehr/open.ts';
import { ask } from '../../support/http.ts';
import { openCds } from '../cds/open.ts';

test('[SMART 302] our public keys are read without credentials, and hold nothing private', async (t) => {
  const { url } = await openCds(t, { registered: true });
  const answer = await ask(url, '/.well-known/jwks.json');
  assert.equal(answer.status, 200);
  const { keys } = answer.json<{ keys: object[] }>();
  assert.deepEqual(
    keys.map((key) => Object.keys(key)),
    [['kty', 'kid', 'alg', 'use', 'crv', 'x', 'y']],
  );
  assert.match(String(answer.headers['cache-control']), /max-age=\d+/);
});

test('[SMART 322] a configuration in which two identities have different keys of one kid does not start', async (t) => {
  const client = (name: string) => ({ id: name, key: `secret:${name}`, scopes: sixScopes });
  const keys = new Map<string, string>();
  for (const name of ['a', 'b']) keys.set(`secret:${name}`, JSON.stringify(await makeKey('ES384', 'key-1')));
  const secrets = { get: async (reference: string) => keys.get(reference) ?? '' };
  const ehr = { clients: { cds: client('a'), drafts: client('b') } };
  await assert.rejects(openCds(t, { ehr, secrets }), { code: 'AORTA_SMART_014' });
});

test('[SMART 298, 325] keys are registered by address or by hand; a jku that is sent is the registered one', async (t) => {
  const byAddress = await openCds(t, { registered: true });
  const [patientId = ''] = patientsOf(byAddress.ehr);
  const answer = await byAddress.ehr.cds.call({ base: byAddress.url, service: 'chart-review', patientId, prefetch: 'none', access: false });
  assert.equal(answer.status, 200, 'the EHR fetched our keys from our route');
  const { ehr, backend } = await openEhr(t);
  await (await backend()).token(sixScopes);
  const jku = `${byAddress.url}/.well-known/jwks.json`;
  const key = await signingKey();
  await assert.rejects((await backend({ jku })).token(sixScopes), { code: 'AORTA_SMART_006' });
  ehr.register({ id: 'aorta-cds', scopes: sixScopes, keys: { keys: [publicJwk(key.key)] } });
  await assert.rejects((await backend({ jku })).token(sixScopes), { code: 'AORTA_SMART_006' });
});
