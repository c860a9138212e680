import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertionType, sign } from '../../../src/smart/index.ts';
import { ask, post } from '../../support/http.ts';
import { openEhr, patientsOf, signingKey, sixScopes } from './open.ts';

const now = () => Math.floor(Date.now() / 1000);
let jti = 0;

async function tokenRequest(url: string, claims: object = {}, form: Record<string, string | undefined> = {}, header: object = {}) {
  const { key, kid } = await signingKey();
  const all = { iss: 'aorta-cds', sub: 'aorta-cds', aud: `${url}/token`, exp: now() + 200, jti: `j${++jti}`, ...claims };
  const assertion = await sign(all, { key, kid, alg: 'ES384', ...header });
  const fields = {
    grant_type: 'client_credentials',
    client_assertion_type: assertionType,
    client_assertion: assertion,
    scope: sixScopes.join(' '),
    ...form,
  };
  const body = new URLSearchParams(Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined)).toString();
  return ask(url, '/token', { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body });
}

test('the token endpoint enforces the SMART rules, one by one', async (t) => {
  const { ehr } = await openEhr(t);
  const url = ehr.url;
  const good = await tokenRequest(url);
  assert.equal(good.status, 200);
  assert.deepEqual([good.headers['cache-control'], good.json()['expires_in']], ['no-store', 300]);
  const refused: readonly (readonly [string, Promise<{ status: number; json(): Record<string, unknown> }>, string])[] = [
    ['exp too far ahead', tokenRequest(url, { exp: now() + 400 }), 'invalid_client'],
    ['expired', tokenRequest(url, { exp: now() - 1 }), 'invalid_client'],
    ['another audience', tokenRequest(url, { aud: `${url}/other` }), 'invalid_client'],
    ['another sub', tokenRequest(url, { sub: 'x' }), 'invalid_client'],
    ['unknown client', tokenRequest(url, { iss: 'x', sub: 'x' }), 'invalid_client'],
    ['no jti', tokenRequest(url, { jti: undefined }), 'invalid_client'],
    ['a jku that is not registered', tokenRequest(url, {}, {}, { jku: 'http://127.0.0.1:1/keys' }), 'invalid_client'],
    ['unknown kid', tokenRequest(url, {}, {}, { kid: 'x' }), 'invalid_client'],
    ['no assertion', tokenRequest(url, {}, { client_assertion: undefined }), 'invalid_client'],
    ['another assertion type', tokenRequest(url, {}, { client_assertion_type: 'x' }), 'invalid_request'],
    ['another grant', tokenRequest(url, {}, { grant_type: 'password' }), 'unsupported_grant_type'],
    ['no scope', tokenRequest(url, {}, { scope: undefined }), 'invalid_scope'],
    ['no scope of its own', tokenRequest(url, {}, { scope: 'system/Claim.rs' }), 'invalid_scope'],
    ['a wildcard', tokenRequest(url, {}, { scope: 'system/*.rs' }), 'invalid_scope'],
  ];
  for (const [what, answer, error] of refused) {
    const { status, json } = await answer;
    assert.deepEqual([status, json()['error']], [error === 'invalid_client' ? 401 : 400, error], what);
  }
  const used = await tokenRequest(url, { jti: 'once' });
  const again = await tokenRequest(url, { jti: 'once' });
  assert.deepEqual([used.status, again.status], [200, 401]);
  const narrowed = await tokenRequest(url, {}, { scope: 'system/Patient.rs system/Claim.rs system/Patient.cruds' });
  assert.equal(narrowed.json()['scope'], 'system/Patient.rs');
});

test('FHIR routes need a token with the scope, and answer OperationOutcomes', async (t) => {
  const { ehr } = await openEhr(t);
  const [patient] = patientsOf(ehr);
  assert.equal((await ask(ehr.url, `/fhir/Patient/${patient}`)).status, 401);
  const token = (await tokenRequest(ehr.url, {}, { scope: 'system/Patient.rs' })).json()['access_token'];
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await ask(ehr.url, `/fhir/Patient/${patient}`, { headers })).status, 200);
  assert.equal((await ask(ehr.url, '/fhir/Patient/none', { headers })).status, 404);
  assert.equal((await ask(ehr.url, '/fhir/Patient?name=x', { headers })).status, 400);
  const forbidden = await ask(ehr.url, `/fhir/Condition?patient=${patient}`, { headers });
  assert.deepEqual([forbidden.status, forbidden.json()['resourceType']], [403, 'OperationOutcome']);
  assert.equal((await post(ehr.url, '/fhir/Patient', { resourceType: 'Patient' }, headers)).status, 403);
});

test('a conditional create makes one resource, finds it again, and refuses when there are twins', async (t) => {
  const scopes = ['system/DocumentReference.cs'];
  const { ehr, client } = await openEhr(t, { scopes });
  const fhir = await client({ scopes: ['system/DocumentReference.c'] });
  const call = { deadlineMs: 5_000 };
  const numbered = (value: string) => ({ resourceType: 'DocumentReference', identifier: [{ system: 'urn:x', value }] });
  const document = numbered('1');
  const first = await fhir.create(document, 'identifier=urn:x|1', call);
  const second = await fhir.create(document, 'identifier=urn:x|1', call);
  assert.deepEqual([first.created, second.created, first.id === second.id], [true, false, true]);
  ehr.faults.add({ route: '/fhir/DocumentReference', kind: 'lost-answer' });
  await assert.rejects(fhir.create(numbered('2'), 'identifier=urn:x|2', call), {
    code: 'AORTA_EHR_002',
  });
  ehr.faults.clear();
  assert.equal((await fhir.create(document, 'identifier=urn:x|2', call)).created, false, 'the lost answer had made it');
  ehr.faults.add({ route: '/fhir/DocumentReference', kind: 'duplicate' });
  await fhir.create(numbered('3'), 'identifier=urn:x|3', call);
  ehr.faults.clear();
  await assert.rejects(fhir.create(document, 'identifier=urn:x|3', call), { code: 'AORTA_EHR_008' });
});

test('faults are set and taken back over HTTP, by route and rate', async (t) => {
  const { ehr } = await openEhr(t);
  const fault = { route: '/fhir/*', kind: 'status', status: 429, retryAfter: '20' };
  assert.equal((await post(ehr.url, '/_sandbox/faults', fault)).status, 201);
  const hit = await ask(ehr.url, '/fhir/metadata');
  assert.deepEqual([hit.status, hit.headers['retry-after']], [429, '20']);
  assert.equal((await ask(ehr.url, '/.well-known/smart-configuration')).status, 200);
  assert.equal((await ask(ehr.url, '/_sandbox/faults', { method: 'DELETE' })).status, 204);
  assert.equal((await ask(ehr.url, '/fhir/metadata')).status, 200);
  ehr.faults.add({ route: '/fhir/*', kind: 'status', rate: 0 });
  assert.equal((await ask(ehr.url, '/fhir/metadata')).status, 200);
  for (const wrong of [{}, { route: 'fhir', kind: 'hang' }, { route: '/x', kind: 'explode' }, { route: '/x', kind: 'hang', rate: 2 }])
    assert.equal((await post(ehr.url, '/_sandbox/faults', wrong)).status, 400);
});

test('the sample has ten made-up patients with results of the last 30 days, some of them in the house', async (t) => {
  const { ehr } = await openEhr(t);
  const patients = patientsOf(ehr);
  assert.equal(patients.length, 10);
  const recent = new Date(Date.now() - 30 * 86_400_000).toISOString().slice(0, 10);
  for (const patient of patients) {
    const labs = ehr.store.search('Observation', new URLSearchParams({ patient, category: 'laboratory', date: `ge${recent}` }));
    assert.ok(labs.length > 0, patient);
  }
  assert.equal(ehr.store.search('Encounter', new URLSearchParams({ status: 'in-progress' })).length, 5);
});
