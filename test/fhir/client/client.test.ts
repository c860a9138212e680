import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../src/clock/system.ts';
import type { AortaError } from '../../../src/errors/index.ts';
import { createFhirClient, type HttpRequest, type HttpResponse } from '../../../src/fhir/client/index.ts';
import { deadlineGuard } from '../../../src/runtime/ehr-deadline.ts';

const rejection = (work: Promise<unknown>) =>
  work.then(
    () => assert.fail('it did not reject'),
    (thrown: AortaError) => thrown,
  );
const call = { deadlineMs: 5_000 };
const base = 'https://ehr.example/fhir';

/** An EHR that answers from a list; the last answer is given again and again. */
function scripted(...answers: readonly Partial<HttpResponse>[]) {
  const requests: HttpRequest[] = [];
  let tokens = 0;
  const client = createFhirClient({
    base: `${base}/`,
    clock: systemClock,
    guard: deadlineGuard(systemClock),
    http: {
      async send(request) {
        requests.push(request);
        const answer = answers[Math.min(requests.length, answers.length) - 1];
        return { status: 200, headers: {}, text: '{}', ...answer };
      },
      close: async () => {},
    },
    tokens: {
      get: async () => `t${tokens}`,
      refused: (token) => token === `t${tokens++}`,
    },
  });
  return { client, requests };
}
const page = (ids: readonly string[], next?: string) => ({
  text: JSON.stringify({
    ...{ resourceType: 'Bundle', type: 'searchset', link: next === undefined ? [] : [{ relation: 'next', url: next }] },
    ...(ids.length === 0 ? {} : { entry: ids.map((id) => ({ resource: { resourceType: 'Observation', id } })) }),
  }),
});

test('[SMART 93, 264] every request carries the token as a bearer', async () => {
  const { client, requests } = scripted({ text: '{"resourceType":"Patient","id":"p"}' });
  assert.equal((await client.read('Patient/p', call))?.id, 'p');
  assert.deepEqual(
    [requests[0]?.url, requests[0]?.headers['authorization'], requests[0]?.headers['accept']],
    [`${base}/Patient/p`, 'Bearer t0', 'application/fhir+json'],
  );
});

test('a 401 is answered with one new token and one repetition, never more', async () => {
  const once = scripted({ status: 401 }, { text: '{"resourceType":"Patient","id":"p"}' });
  assert.equal((await once.client.read('Patient/p', call))?.id, 'p');
  assert.deepEqual(
    once.requests.map(({ headers }) => headers['authorization']),
    ['Bearer t0', 'Bearer t1'],
  );
  const always = scripted({ status: 401 });
  assert.equal((await rejection(always.client.read('Patient/p', call))).code, 'AORTA_EHR_005');
  assert.equal(always.requests.length, 2);
});

test('next pages are followed in order, below the base only, and never without a bound', async () => {
  const two = scripted(page(['a'], `${base}?_getpages=1`), page(['b'], `${base}/Observation?page=3`), page(['c']));
  const found = await two.client.search('Observation?patient=p', call);
  assert.deepEqual([found.resources.map(({ id }) => id), found.complete, found.pages], [['a', 'b', 'c'], true, 3]);
  for (const away of [
    'https://evil.example/fhir/Observation',
    'http://ehr.example/fhir/Observation',
    'https://ehr.example/other',
    'https://ehr.example/fhir-evil/x',
    'https://ehr.example/fhir/../admin',
  ]) {
    const { client, requests } = scripted(page(['a'], away), page(['b']));
    const part = await client.search('Observation?patient=p', call);
    assert.deepEqual([part.complete, part.problem, requests.length], [false, 'AORTA_EHR_009', 1], away);
  }
  const endless = scripted(...[2, 3, 4, 5, 6].map((at) => page(['a'], `${base}/Observation?page=${at}`)));
  const bounded = await endless.client.search('Observation?patient=p', { ...call, pages: 4 });
  assert.deepEqual([bounded.complete, bounded.problem, endless.requests.length], [false, 'bound', 4]);
});

test('a next page that was read already ends the reading: nothing is given twice', async () => {
  for (const [first, second] of [
    [`${base}/Observation?patient=p`, ''],
    ['Observation?patient=p', ''],
    [`${base}/Observation?page=2`, `${base}/Observation?patient=p`],
    [`${base}/Observation?page=2`, `${base}/Observation?page=2`],
  ] as const) {
    const { client, requests } = scripted(page(['a'], first), page(['b'], second));
    const found = await client.search('Observation?patient=p', call);
    assert.deepEqual([found.complete, found.problem, requests.length], [false, 'loop', second === '' ? 1 : 2], first);
    assert.equal(new Set(found.resources.map(({ id }) => id)).size, found.resources.length);
  }
});

test('a later page that fails leaves what was read, marked as partial; a first one that fails is an error', async () => {
  const later = scripted(page(['a'], `${base}/Observation?page=2`), { status: 500 });
  const found = await later.client.search('Observation?patient=p', call);
  assert.deepEqual([found.resources.length, found.complete, found.problem], [1, false, 'AORTA_EHR_004']);
  assert.equal((await rejection(scripted({ status: 500 }).client.search('Observation?patient=p', call))).code, 'AORTA_EHR_004');
});

test('statuses have their codes and classes, and neither ids nor answers are quoted', async () => {
  const cases: readonly (readonly [Partial<HttpResponse>, string, string, number | undefined])[] = [
    [{ status: 429, headers: { 'retry-after': '20' } }, 'AORTA_EHR_003', 'Overload', 20_000],
    [{ status: 503, headers: { 'retry-after': '3' } }, 'AORTA_EHR_003', 'Overload', 3_000],
    [{ status: 503 }, 'AORTA_EHR_004', 'Transient', undefined],
    [{ status: 502 }, 'AORTA_EHR_004', 'Transient', undefined],
    [{ status: 403 }, 'AORTA_EHR_005', 'Permanent', undefined],
    [{ status: 302 }, 'AORTA_EHR_005', 'Permanent', undefined],
    [{ text: '{"resourceType":"Pat' }, 'AORTA_EHR_006', 'Transient', undefined],
    [{ text: 'null' }, 'AORTA_EHR_006', 'Transient', undefined],
    [{ text: '[]' }, 'AORTA_EHR_006', 'Transient', undefined],
  ];
  for (const [answer, code, kind, retryAfter] of cases) {
    const thrown = await rejection(scripted({ text: 'SECRET', ...answer }).client.read('Patient/SECRET-ID', call));
    assert.deepEqual([thrown.code, thrown.class, thrown.retryAfterMs], [code, kind, retryAfter], JSON.stringify(answer));
    assert.doesNotMatch(thrown.message, /SECRET/);
  }
  assert.equal(await scripted({ status: 404 }).client.read('Patient/x', call), undefined);
});

test('a deadline ends a call whose server never answers, and the caller can leave before', async () => {
  let aborted = 0;
  const client = createFhirClient({
    base,
    clock: systemClock,
    guard: deadlineGuard(systemClock),
    http: {
      send: ({ signal }) =>
        new Promise((_, reject) =>
          signal?.addEventListener('abort', () => {
            aborted++;
            reject(signal.reason);
          }),
        ),
      close: async () => {},
    },
  });
  assert.equal((await rejection(client.read('Patient/p', { deadlineMs: 20 }))).code, 'AORTA_EHR_001');
  const controller = new AbortController();
  const left = rejection(client.read('Patient/p', { deadlineMs: 60_000, signal: controller.signal }));
  await new Promise(setImmediate);
  controller.abort(new Error('left'));
  assert.equal((await left).message, 'left');
  assert.equal(aborted, 2);
});

test('what a create made is named by the resource or its Location, never by an OperationOutcome in the answer', async () => {
  const location = { location: `${base}/DocumentReference/d1/_history/1` };
  const outcome = '{"resourceType":"OperationOutcome","id":"o1"}';
  const create = (answer: Partial<HttpResponse>) =>
    scripted({ status: 201, ...answer }).client.create({ resourceType: 'DocumentReference' }, 'identifier=s|1', call);
  assert.equal((await create({ text: '{"resourceType":"DocumentReference","id":"d1"}' })).id, 'd1');
  assert.equal((await create({ text: '', headers: location })).id, 'd1');
  const answered = await create({ text: outcome, headers: location });
  assert.deepEqual([answered.id, answered.resource], ['d1', undefined]);
  assert.equal((await create({ text: outcome })).id, undefined);
});

test('a search with a form sends its values in the body, and follows pages as any other', async () => {
  const { client, requests } = scripted(page(['a'], `${base}/Patient?page=2`), page(['b']));
  const found = await client.search('Patient?identifier=s%7CMRN1', { ...call, form: true });
  assert.deepEqual([found.resources.length, found.complete], [2, true]);
  assert.deepEqual(
    requests.map(({ method, url, body }) => [method, url, body]),
    [
      ['POST', `${base}/Patient/_search`, 'identifier=s%7CMRN1'],
      ['GET', `${base}/Patient?page=2`, undefined],
    ],
  );
});

test('a read that is refused with a resource is refused; 425 passes like 408', async () => {
  const outcome = '{"resourceType":"OperationOutcome"}';
  const refused = await rejection(scripted({ status: 412, text: outcome }).client.read('Patient/p', call));
  assert.deepEqual([refused.code, refused.class], ['AORTA_EHR_005', 'Permanent']);
  const early = await rejection(scripted({ status: 425, text: outcome }).client.read('Patient/p', call));
  assert.deepEqual([early.code, early.class], ['AORTA_EHR_004', 'Transient']);
});
