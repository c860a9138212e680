import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Card } from '../../../src/cds/index.ts';
import { openEhr, patientsOf } from '../../sandbox/ehr/open.ts';
import { ask, post } from '../../support/http.ts';
import { hookBody, openCds } from '../cds/open.ts';

const cardsOf = (body: unknown) => (body as { cards: Card[] }).cards;

test('[CDS 1, 4, 5, 6, 13, 16] discovery is JSON at {base}/cds-services, with a list of services that can be called below it', async (t) => {
  const { url, ehr } = await openCds(t);
  const answer = await ask(url, '/cds-services');
  assert.deepEqual([answer.status, answer.type], [200, 'application/json; charset=utf-8']);
  const { services } = answer.json<{ services: { id: string; hook: string; prefetch: object }[] }>();
  assert.deepEqual(
    services.map(({ id, hook }) => [id, hook]),
    [
      ['discharge-review', 'encounter-discharge'],
      ['order-allergies', 'order-sign'],
      ['chart-review', 'patient-view'],
    ],
  );
  for (const { prefetch } of services) {
    assert.equal(Object.keys(prefetch).length, 6);
    // The day itself: a client of 2.0 knows no token for it.
    const { labs = '' } = prefetch as { labs?: string };
    const day =
      /^Observation\?patient=\{\{context\.patientId\}\}&category=laboratory&date=ge(\d{4}-\d\d-\d\d)&_sort=-date&_count=100$/.exec(
        labs,
      )?.[1];
    const age = (Date.now() - Date.parse(day ?? '')) / 86_400_000;
    assert.ok(age >= 30 && age < 32, labs);
  }
  const [patientId = ''] = patientsOf(ehr);
  const prefetch = { patient: { resourceType: 'Patient', id: patientId } };
  assert.equal((await post(url, '/cds-services/chart-review', hookBody(patientId, { prefetch }))).status, 200);
});

test('[CDS 61, 74] an EHR calls with its token and prefetch, and gets 200 with cards; the access token it sends is used for the rest', async (t) => {
  const { url, ehr, host, settled } = await openCds(t);
  for (const prefetch of ['all', 'none', ['patient', 'labs']] as const) {
    const [patientId = ''] = patientsOf(ehr);
    const answer = await ehr.cds.call({ base: url, service: 'chart-review', patientId, prefetch });
    assert.equal(answer.status, 200);
    const [card] = cardsOf(answer.body);
    assert.match(card?.summary ?? '', /abnormal result/);
    assert.match(card?.uuid ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4/);
  }
  await settled();
  const [newest, none, all] = await host.advice.advice(3);
  const sources = (record: typeof newest) =>
    ((record?.reads ?? []) as { key: string; source: string }[]).map(({ key, source }) => `${key}:${source}`);
  assert.ok(sources(all).every((each) => each.endsWith(':prefetch')));
  assert.ok(sources(none).every((each) => each.endsWith(':ehr')));
  assert.deepEqual(
    sources(newest).filter((each) => each.endsWith(':prefetch')),
    ['patient:prefetch', 'labs:prefetch'],
  );
  assert.equal(newest?.client, 'sandbox');
});

test('[CDS 54] without prefetch and without access, mandatory data is missing: 412 with an OperationOutcome that names it', async (t) => {
  const { url, ehr } = await openCds(t);
  const [patientId = ''] = patientsOf(ehr);
  const answer = await ehr.cds.call({ base: url, service: 'chart-review', patientId, prefetch: 'none', access: false });
  assert.equal(answer.status, 412);
  const outcome = answer.body as { resourceType: string; issue: { code: string; diagnostics: string }[] };
  assert.deepEqual([outcome.resourceType, outcome.issue[0]?.code], ['OperationOutcome', 'incomplete']);
  assert.match(outcome.issue[0]?.diagnostics ?? '', /patient/);
  const some = await ehr.cds.call({ base: url, service: 'chart-review', patientId, prefetch: ['patient'], access: false });
  assert.equal(some.status, 200, 'what is not mandatory may be missing');
  const unknown = await ehr.cds.call({ base: url, service: 'chart-review', patientId: 'nobody', prefetch: 'none' });
  assert.equal(unknown.status, 412, 'a patient that the EHR does not have');
});

test('our own registration at the EHR serves where no token came along', async (t) => {
  const { url, ehr } = await openCds(t, { registered: true });
  const [patientId = ''] = patientsOf(ehr);
  const answer = await ehr.cds.call({ base: url, service: 'chart-review', patientId, prefetch: 'none', access: false });
  assert.equal(answer.status, 200);
  assert.ok(cardsOf(answer.body).length > 0);
});

test('a FHIR server that is not the configured one is never called', async (t) => {
  const { url, ehr } = await openCds(t, { ehr: { fhirBase: 'http://127.0.0.1:9/fhir' } });
  const [patientId = ''] = patientsOf(ehr);
  const answer = await ehr.cds.call({ base: url, service: 'chart-review', patientId, prefetch: 'none' });
  assert.equal(answer.status, 412);
});

for (const [kind, more] of [
  ['status', { status: 500 }],
  ['status', { status: 429, retryAfter: '20' }],
  ['status', { status: 503, retryAfter: '20' }],
  ['reset', {}],
  ['truncate', {}],
  ['invalid-json', {}],
] as const) {
  test(`an EHR that answers with ${kind} ${JSON.stringify(more)} never blocks: 200, with what is known`, async (t) => {
    const { url, ehr, metric } = await openCds(t);
    const [patientId = ''] = patientsOf(ehr);
    ehr.faults.add({ route: '/fhir/*', kind, ...more });
    const empty = await ehr.cds.call({ base: url, service: 'chart-review', patientId, prefetch: 'none' });
    assert.deepEqual([empty.status, empty.body], [200, { cards: [] }]);
    const known = await ehr.cds.call({ base: url, service: 'chart-review', patientId, prefetch: ['patient', 'labs'] });
    assert.equal(known.status, 200);
    assert.match(cardsOf(known.body)[0]?.detail ?? '', /Not read completely: encounter, conditions, medications and allergies/);
    assert.equal(await metric('aorta_cds_calls_total', { outcome: 'incomplete' }), 2);
  });
}

test('an EHR that hangs: the answer comes when it is due, empty, and the requests at the EHR are given up', async (t) => {
  const { url, ehr } = await openCds(t, { config: { budgetMs: 400 } });
  const [patientId = ''] = patientsOf(ehr);
  ehr.faults.add({ route: '/fhir/*', kind: 'hang' });
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => ehr.cds.call({ base: url, service: 'chart-review', patientId, prefetch: 'none' })),
  );
  for (const { status, body } of answers) assert.deepEqual([status, body], [200, { cards: [] }]);
});

test('[CDS 199, 201, 203] a request with an Authorization header is always verified: what is wrong with it is 401, and audited', async (t) => {
  const { url, ehr, edge } = await openCds(t);
  const [patientId = ''] = patientsOf(ehr);
  const call = (claims: object) =>
    ehr.cds.call({ base: url, service: 'chart-review', patientId, claims: claims as Record<string, unknown> });
  assert.equal((await call({})).status, 200);
  for (const claims of [{ aud: `${url}/cds-services` }, { iss: 'https://other' }, { exp: 1 }, { jti: undefined }])
    assert.equal((await call(claims)).status, 401);
  assert.equal((await call({ jti: 'once' })).status, 200);
  const again = await call({ jti: 'once' });
  assert.deepEqual(
    [again.status, (again.body as { resourceType: string }).resourceType, again.headers.get('www-authenticate')],
    [401, 'OperationOutcome', 'Bearer'],
  );
  for (const authorization of ['Bearer x', 'Basic eDp5', 'Bearer ', 'x']) {
    assert.equal((await ask(url, '/cds-services', { headers: { authorization } })).status, 401, authorization);
  }
  assert.equal(edge.audited.filter(({ action }) => action === 'denied').length, 9);
  const used = edge.audited.filter(({ action }) => action === 'cds');
  assert.deepEqual([used[0]?.actor, used[0]?.patientId, used[0]?.details], ['cds:sandbox', patientId, { service: 'chart-review' }]);
});

test('where a public URL is configured, every request needs its token, and aud names that URL', async (t) => {
  const { url, ehr } = await openCds(t, { config: { publicUrl: 'https://cds.hospital.example/' } });
  assert.equal((await ask(url, '/cds-services')).status, 401);
  const audience = 'https://cds.hospital.example/cds-services';
  const authorization = await ehr.cds.authorization(audience);
  assert.equal((await ask(url, '/cds-services', { headers: { authorization, host: 'cds.hospital.example' } })).status, 200);
  assert.equal(
    (await ask(url, '/cds-services', { headers: { authorization: await ehr.cds.authorization(audience), host: 'evil.example' } })).status,
    421,
  );
  assert.equal(
    (await ask(url, '/cds-services', { headers: { authorization: await ehr.cds.authorization(`${url}/cds-services`) } })).status,
    401,
  );
});

test('feedback is stored with who gave it, counted, and shown; wrong feedback is 400', async (t) => {
  const { url, ehr, host, metric } = await openCds(t);
  const [patientId = ''] = patientsOf(ehr);
  const [card] = cardsOf((await ehr.cds.call({ base: url, service: 'chart-review', patientId })).body);
  const path = '/cds-services/chart-review/feedback';
  const send = async (body: object) => post(url, path, body, { authorization: await ehr.cds.authorization(`${url}${path}`) });
  const reason = { reason: { system: card?.overrideReasons?.[0]?.system, code: card?.overrideReasons?.[0]?.code }, userComment: 'seen' };
  const entry = { card: card?.uuid, outcome: 'overridden', overrideReason: reason, outcomeTimestamp: '2026-11-28T10:00:00Z' };
  assert.equal((await send({ feedback: [entry] })).status, 200);
  assert.equal((await send({ feedback: [entry] })).status, 200);
  const [stored, ...more] = await host.advice.feedbackOf(10);
  assert.deepEqual(
    [stored?.card, stored?.client, stored?.comment, stored?.reasonCode, more.length],
    [card?.uuid, 'sandbox', 'seen', 'known', 0],
  );
  assert.deepEqual((await ask(url, '/api/ops/cds')).json()['feedback'], [{ service: 'chart-review', outcome: 'overridden', cards: 1 }]);
  assert.equal((await ask(url, '/api/ops/cds/feedback')).json<{ feedback: unknown[] }>().feedback.length, 1);
  assert.equal(await metric('aorta_cds_feedback_total', { service: 'chart-review', outcome: 'overridden' }), 2);
  assert.equal((await send({ feedback: [{ ...entry, outcome: 'ignored' }] })).status, 400);
  assert.equal((await post(url, '/cds-services/nothing/feedback', { feedback: [entry] })).status, 404);
});

test('[CDS 208] browsers of allowed origins are answered on discovery, services and feedback; others are not', async (t) => {
  const origin = 'https://ehr.example';
  const { url } = await openCds(t, { config: { corsOrigins: [origin] } });
  for (const path of ['/cds-services', '/cds-services/chart-review', '/cds-services/chart-review/feedback']) {
    const preflight = (from: string) =>
      ask(url, path, {
        method: 'OPTIONS',
        headers: { origin: from, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      });
    const { status, headers } = await preflight(origin);
    assert.deepEqual(
      [status, headers['access-control-allow-origin'], headers['access-control-allow-headers']],
      [204, origin, 'authorization, content-type'],
      path,
    );
    assert.equal((await preflight('https://evil.example')).headers['access-control-allow-origin'], undefined);
  }
  const good = await ask(url, '/cds-services', { headers: { origin, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' } });
  assert.deepEqual([good.status, good.headers['access-control-allow-origin']], [200, origin]);
  const bad = await ask(url, '/cds-services', {
    headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' },
  });
  assert.equal(bad.status, 403);
  const elsewhere = await ask(url, '/api/ops/flows', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } });
  assert.equal(elsewhere.headers['access-control-allow-origin'], undefined);
});

test('[CDS 208] a page of an allowed origin can read that its request is refused', async (t) => {
  const origin = 'https://ehr.example';
  const { url } = await openCds(t, { config: { corsOrigins: [origin] } });
  const refused = (from: string) => ask(url, '/cds-services', { headers: { origin: from, authorization: 'Bearer x' } });
  const { status, headers } = await refused(origin);
  assert.deepEqual(
    [status, headers['access-control-allow-origin'], headers['access-control-expose-headers'], headers['vary']],
    [401, origin, 'retry-after', 'Origin'],
  );
  assert.equal((await refused('https://evil.example')).headers['access-control-allow-origin'], undefined);
});

test('a client whose tokens are RS384 is recognised at once as soon as its key is here', async (t) => {
  const { ehr } = await openEhr(t, { alg: 'RS384' });
  const { url, cds } = await openCds(t, { at: ehr });
  const path = `${url}/cds-services`;
  const token = async () => (await ehr.cds.authorization(path)).replace('Bearer ', '');
  assert.equal(cds.recognise?.(await token(), [path]), undefined);
  assert.equal((await ask(url, '/cds-services', { headers: { authorization: `Bearer ${await token()}` } })).status, 200);
  const [given, other] = [await token(), `${url}/cds-services/other`];
  assert.equal(cds.recognise?.(given, [path])?.id, 'sandbox');
  assert.equal(cds.recognise?.(given, [other]), undefined);
  assert.equal((await ask(url, '/cds-services', { headers: { authorization: `Bearer ${given}` } })).status, 200, 'it is still new');
});

test('a client that sends more than its quota gets 429 with Retry-After, before its request is audited or read', async (t) => {
  const { url, ehr, edge } = await openCds(t, { config: { quota: { perSecond: 0.001, burst: 3, inFlight: 10 } } });
  const statuses: number[] = [];
  let retryAfter: string | undefined;
  for (let i = 0; i < 5; i++) {
    const path = '/cds-services/chart-review';
    const answer = await post(url, path, {}, { authorization: await ehr.cds.authorization(`${url}${path}`) });
    statuses.push(answer.status);
    retryAfter ??= answer.headers['retry-after'];
  }
  assert.deepEqual(statuses, [400, 400, 400, 429, 429]);
  assert.ok(Number(retryAfter) >= 1);
  assert.equal(edge.audited.filter(({ action }) => action === 'cds').length, 3);
  assert.equal((await ask(url, '/cds-services')).status, 200, 'another caller does not notice');
});

test('[CDS 1] a body that is no JSON, too large or of another kind is refused as an OperationOutcome', async (t) => {
  const { url } = await openCds(t);
  const send = (body: string, type = 'application/json') =>
    ask(url, '/cds-services/chart-review', { method: 'POST', headers: { 'content-type': type }, body });
  for (const [body, type, status] of [
    ['{', undefined, 400],
    ['', undefined, 400],
    ['null', undefined, 400],
    ['<x/>', 'application/xml', 415],
    [JSON.stringify({ x: 'y'.repeat(6_000_000) }), undefined, 413],
  ] as const) {
    const answer = await send(body, type);
    assert.deepEqual([answer.status, answer.json()['resourceType']], [status, 'OperationOutcome'], body.slice(0, 20));
  }
  assert.equal((await post(url, '/cds-services/nothing', hookBody('p'))).status, 404);
});

test('no name, id or text of a patient is in a log line, a metric or a refusal', async (t) => {
  const { url, ehr, lines, telemetry } = await openCds(t);
  const canary = 'Canaryperson';
  ehr.store.create({ resourceType: 'Patient', name: [{ family: canary }] } as never);
  const patient = ehr.store.search('Patient', new URLSearchParams()).find((each) => JSON.stringify(each).includes(canary));
  const answers = await Promise.all([
    ehr.cds.call({ base: url, service: 'chart-review', patientId: patient?.id ?? '' }),
    ehr.cds.call({ base: url, service: 'chart-review', patientId: patient?.id ?? '', prefetch: 'none', access: false }),
    post(url, '/cds-services/chart-review', hookBody(patient?.id ?? '', { hookInstance: canary })).then(({ status, text }) => ({
      status,
      body: text,
    })),
    post(url, '/cds-services/chart-review', hookBody(canary, { prefetch: { patient } })).then(({ status, text }) => ({
      status,
      body: text,
    })),
  ]);
  ehr.faults.add({ route: '/fhir/*', kind: 'invalid-json' });
  await ehr.cds.call({ base: url, service: 'chart-review', patientId: patient?.id ?? '', prefetch: 'none' });
  const said = [...lines, await telemetry.scrape(), ...answers.map(({ body }) => JSON.stringify(body))].join('\n');
  assert.equal(said.includes(canary), false);
  assert.equal(said.includes(patient?.id ?? ' '), false);
});
