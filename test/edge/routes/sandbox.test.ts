import assert from 'node:assert/strict';
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

test('without a sandbox there is nothing to call', async (t) => {
  const { url } = await openCds(t);
  assert.equal((await ask(url, '/api/ops/cds')).json()['sandbox'], false);
  assert.equal((await ask(url, '/api/sandbox/patients')).status, 404);
  assert.equal((await post(url, '/api/sandbox/cds', { service: 'chart-review', patientId: 'p' })).status, 404);
});
