import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FaultKind, faultKinds } from '../../../src/sandbox/ehr/faults.ts';
import { ask, post } from '../../support/http.ts';
import { openEhr, patientsOf, sixScopes } from './open.ts';

test('every kind of fault does over HTTP what its name says, on its route alone, and ends when it is taken back', async (t) => {
  const { ehr, backend } = await openEhr(t, { scopes: [...sixScopes, 'system/DocumentReference.crs'] });
  const [patient = ''] = patientsOf(ehr);
  const authorised = async () => {
    const source = await backend();
    return { authorization: `Bearer ${(await source.token([...sixScopes, 'system/DocumentReference.crs'])).value}` };
  };
  const headers = await authorised();
  const read = (more: RequestInit = {}) => fetch(`${ehr.fhirBase}/Patient/${patient}`, { headers, ...more });
  const text = async () => (await read()).text();
  const whole = await text();
  const document = (value: string) =>
    post(
      ehr.url,
      '/fhir/DocumentReference',
      { resourceType: 'DocumentReference', identifier: [{ system: 's', value }] },
      {
        ...headers,
        'if-none-exist': `identifier=s|${value}`,
      },
    );
  const written = (value: string) => ehr.store.search('DocumentReference', new URLSearchParams({ identifier: `s|${value}` })).length;

  const checks: Readonly<Record<FaultKind, () => Promise<unknown>>> = {
    hang: () => assert.rejects(read({ signal: AbortSignal.timeout(300) }), { name: 'TimeoutError' }),
    async latency() {
      const started = performance.now();
      assert.equal(await text(), whole);
      assert.ok(performance.now() - started >= 240);
    },
    async status() {
      const { status, headers: own } = await read();
      assert.deepEqual([status, own.get('retry-after')], [429, '20']);
    },
    async truncate() {
      const answer = await read();
      assert.equal(Number(answer.headers.get('content-length')), Buffer.byteLength(whole), 'it promises the whole');
      await assert.rejects(answer.text());
    },
    reset: () => assert.rejects(read()),
    async 'invalid-json'() {
      const cut = await text();
      assert.ok(cut.length > 0 && whole.startsWith(cut));
      assert.throws(() => JSON.parse(cut));
    },
    async 'expired-token'() {
      const { status, headers: own } = await read();
      assert.deepEqual([status, own.get('www-authenticate')], [401, 'Bearer error="invalid_token"']);
      assert.equal((await read({ headers: await authorised() })).status, 401, 'a new one, too, while it lasts');
    },
    async 'lost-answer'() {
      await assert.rejects(document('lost'));
      assert.equal(written('lost'), 1);
    },
    async duplicate() {
      assert.equal((await document('twin')).status, 201);
      assert.equal(written('twin'), 2);
    },
  };
  for (const kind of faultKinds) {
    const route = kind === 'lost-answer' || kind === 'duplicate' ? '/fhir/DocumentReference' : '/fhir/Patient/*';
    const fault = { route, kind, ms: 250, status: 429, retryAfter: '20' };
    assert.equal((await post(ehr.url, '/_sandbox/faults', fault)).status, 201, kind);
    assert.equal((await ask(ehr.url, '/fhir/metadata')).status, 200, `${kind}: another route`);
    await checks[kind]();
    assert.equal((await ask(ehr.url, '/_sandbox/faults', { method: 'DELETE' })).status, 204);
    if (kind === 'expired-token') Object.assign(headers, await authorised());
    assert.equal(await text(), whole, `${kind}: taken back`);
  }
});

test('a rate is the share of requests that meet a fault', async (t) => {
  const { ehr } = await openEhr(t);
  ehr.faults.add({ route: '/fhir/*', kind: 'status', status: 500, rate: 0.25 });
  let met = 0;
  for (let n = 0; n < 400; n++) if ((await ask(ehr.url, '/fhir/metadata')).status === 500) met++;
  assert.ok(met > 50 && met < 160, String(met));
});
