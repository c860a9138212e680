import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { ask, post } from '../../support/http.ts';
import { openCds } from '../cds/open.ts';

test('a development server lists the patients of its sandbox and calls a service as the EHR would', async (t) => {
  const { url, edge } = await openCds(t, { beside: true });
  assert.equal((await ask(url, '/api/ops/cds')).json()['sandbox'], true);
  const { patients } = (await ask(url, '/api/sandbox/patients')).json<{ patients: { id: string; name: string }[] }>();
  assert.equal(patients.length, 10);
  const [patient] = patients;
  const answer = await post(url, '/api/sandbox/cds', { service: 'chart-review', patientId: patient?.id });
  assert.deepEqual([answer.status, answer.json()['status']], [200, 200]);
  assert.doesNotMatch(answer.text, /access_token/);
  assert.deepEqual(
    edge.audited.slice(-2).map(({ actor, action, patientId }) => [actor, action, patientId]),
    [
      ['local-developer', 'read', patient?.id],
      ['cds:sandbox', 'cds', patient?.id],
    ],
  );
  for (const wrong of [{}, { service: 'x' }, { service: 'x', patientId: 'a/b' }, { service: 'x', patientId: 'p', base: 'http://evil' }])
    assert.equal((await post(url, '/api/sandbox/cds', wrong)).status, 400);
});

test('a service that does not exist is answered with 404, not with a failure of the server', async (t) => {
  const { url, ehr } = await openCds(t, { beside: true });
  const patientId = (ehr.patients()[0] as { id: string }).id;
  // Found by test/edge/hostile-bodies.test.ts: seed -1079712250, path 60:1:1:0:1:1.
  for (const service of ['p', 'constructor']) {
    const answer = await post(url, '/api/sandbox/cds', { service, patientId, encounterId: 'e', prefetch: true });
    assert.deepEqual([answer.status, answer.json()['code']], [404, 'AORTA_EDGE_004'], answer.text);
  }
});

test('the service that is called is ours, whatever port the Host header names', async (t) => {
  const { url, ehr } = await openCds(t, { beside: true });
  let calls = 0;
  const other = createServer((_request, response) => {
    calls++;
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const { port } = other.address() as AddressInfo;
  const call = { service: 'chart-review', patientId: (ehr.patients()[0] as { id: string }).id };
  for (const host of [`127.0.0.1:${port}`, 'localhost:1', '127.0.0.1']) {
    const answer = await post(url, '/api/sandbox/cds', call, { host });
    assert.deepEqual([answer.status, answer.json()['status']], [200, 200], answer.text);
  }
  assert.equal(calls, 0);
});

test('without a sandbox there is nothing to call', async (t) => {
  const { url } = await openCds(t);
  assert.equal((await ask(url, '/api/ops/cds')).json()['sandbox'], false);
  assert.equal((await ask(url, '/api/sandbox/patients')).status, 404);
  assert.equal((await post(url, '/api/sandbox/cds', { service: 'chart-review', patientId: 'p' })).status, 404);
});
