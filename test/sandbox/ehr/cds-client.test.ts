import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { ask, post } from '../../support/http.ts';
import { openEhr, patientsOf, type Scope } from './open.ts';

const chart = { id: 'chart', hook: 'patient-view' };

/** A server in place of the CDS services. `discovery` is its text at /cds-services, `hook` answers the calls. */
async function services(scope: Scope, discovery: string, hook: RequestListener = (_request, response) => response.end('{"cards":[]}')) {
  const server = createServer((request, response) => {
    if (request.url === '/cds-services') response.end(discovery);
    else hook(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.after(async () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const bodyOf = async (request: IncomingMessage) => JSON.parse(Buffer.concat(await request.toArray()).toString());

test('whatever is wrong with the services that are called has a code', async (t) => {
  const { ehr } = await openEhr(t);
  const [patientId = ''] = patientsOf(ehr);
  const listed = JSON.stringify({ services: [chart] });
  const bases: Readonly<Record<string, string>> = {
    'nobody there': 'http://127.0.0.1:1',
    'discovery is no JSON': await services(t, '<html>'),
    'discovery is nothing': await services(t, ''),
    'discovery is null': await services(t, 'null'),
    'discovery lists nothing': await services(t, '{"services":{}}'),
    'the hook is answered with what is no JSON': await services(t, listed, (_request, response) => response.end('Name: Muster')),
    'the hook is cut off': await services(t, listed, (request) => request.socket.destroy()),
    'the answer breaks off': await services(t, listed, (_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"cards":', () => response.destroy());
    }),
  };
  for (const [name, base] of Object.entries(bases)) {
    await assert.rejects(ehr.cds.call({ base, service: 'chart', patientId }), (thrown: { code?: string; message: string }) => {
      assert.equal(thrown.code, 'AORTA_SANDBOX_001', `${name}: ${thrown.message}`);
      assert.doesNotMatch(thrown.message, /Muster/, 'nothing of the answer is quoted');
      return true;
    });
    const answer = await post(ehr.url, '/_sandbox/cds', { base, service: 'chart', patientId });
    assert.equal(answer.status, 502, `${name}: ${answer.text}`);
  }
  const base = await services(t, JSON.stringify({ services: [null, 1, {}, { id: 'p' }, chart] }));
  await assert.rejects(ehr.cds.call({ base, service: 'p', patientId }), { code: 'AORTA_EDGE_004' });
  assert.equal((await post(ehr.url, '/_sandbox/cds', { base, service: 'p', patientId })).status, 404);
  assert.equal((await ehr.cds.call({ base, service: 'chart', patientId })).status, 200);
});

test('the access token is good until the hook is answered, and no longer when the answer never came', async (t) => {
  const { ehr } = await openEhr(t);
  const [patientId = ''] = patientsOf(ehr);
  const tokens: string[] = [];
  const during: number[] = [];
  const read = (token: string) => ask(ehr.url, `/fhir/Patient/${patientId}`, { headers: { authorization: `Bearer ${token}` } });
  const base = await services(t, JSON.stringify({ services: [chart] }), async (request) => {
    const token = (await bodyOf(request)).fhirAuthorization.access_token as string;
    tokens.push(token);
    during.push((await read(token)).status);
    request.socket.destroy();
  });
  await assert.rejects(ehr.cds.call({ base, service: 'chart', patientId }), { code: 'AORTA_SANDBOX_001' });
  assert.deepEqual(during, [200]);
  assert.equal((await read(tokens[0] as string)).status, 401);
});

test('a template that this EHR cannot search for is left out of prefetch, as CDS Hooks asks, and the rest is sent', async (t) => {
  const { ehr } = await openEhr(t);
  const [patientId = ''] = patientsOf(ehr);
  const prefetch = { patient: 'Patient/{{context.patientId}}', odd: 'Observation?near={{context.patientId}}', number: 7 };
  const base = await services(t, JSON.stringify({ services: [{ ...chart, prefetch }] }));
  const { status, request } = await ehr.cds.call({ base, service: 'chart', patientId });
  assert.equal(status, 200);
  const sent = JSON.parse(JSON.stringify(request)) as { prefetch: Record<string, { id: string }> };
  assert.deepEqual(Object.keys(sent.prefetch), ['patient']);
  assert.equal(sent.prefetch['patient']?.id, patientId);
});
