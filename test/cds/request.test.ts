import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type CdsService,
  defineCdsService,
  discovery,
  lintCds,
  parseFeedback,
  parseRequest,
  templateProblem,
  userTokens,
} from '../../src/cds/index.ts';
import type { AortaError } from '../../src/errors/index.ts';

const service = (more: object = {}): CdsService =>
  defineCdsService({
    id: 's',
    hook: 'patient-view',
    title: 't',
    description: 'd',
    reads: [{ key: 'patient', template: 'Patient/{{context.patientId}}' }],
    run: () => [],
    ...more,
  });
const body = (more: object = {}) => ({
  hook: 'patient-view',
  hookInstance: 'd1577c69-dfbe-44ad-ba6d-3e05e953b2ea',
  context: { userId: 'Practitioner/1', patientId: 'p1' },
  ...more,
});
const problem = (work: () => unknown): string => {
  try {
    work();
    return 'none';
  } catch (thrown) {
    assert.ok(['AORTA_CDS_001', 'AORTA_CDS_005'].includes((thrown as AortaError).code), String(thrown));
    return (thrown as AortaError).message;
  }
};

test('a request is taken with what it needs, and refused by the name of what is missing', () => {
  assert.equal(parseRequest(body(), [service()]).request.context.patientId, 'p1');
  const authorization = { access_token: 't', token_type: 'Bearer', expires_in: 300, scope: 'user/Patient.read', subject: 'c' };
  const full = parseRequest(body({ fhirServer: 'https://ehr.example/fhir', fhirAuthorization: authorization }), [service()]).request;
  assert.deepEqual(full.fhirAuthorization, { accessToken: 't', expiresIn: 300, scopes: ['user/Patient.read'] });
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [null, /no JSON object/],
    [[], /no JSON object/],
    [body({ hook: 'order-sign' }), /hook is not patient-view/],
    [body({ hookInstance: 'x' }), /hookInstance/],
    [body({ hookInstance: undefined }), /hookInstance/],
    [body({ context: undefined }), /context is missing/],
    [body({ context: { userId: 'Practitioner/1' } }), /context.patientId is missing/],
    [body({ context: { userId: '1', patientId: 'p' } }), /context.userId/],
    [body({ context: { userId: 'Practitioner/1', patientId: 'a/../b' } }), /context.patientId/],
    [body({ prefetch: [] }), /prefetch/],
    [body({ fhirServer: 'ehr' }), /fhirServer/],
    [body({ fhirAuthorization: authorization }), /fhirServer is missing/],
    ...(['access_token', 'expires_in', 'scope', 'subject'] as const).map(
      (name) =>
        [body({ fhirServer: 'https://e/f', fhirAuthorization: { ...authorization, [name]: undefined } }), new RegExp(name)] as const,
    ),
    [body({ fhirServer: 'https://e/f', fhirAuthorization: { ...authorization, token_type: 'mac' } }), /token_type/],
  ];
  for (const [given, said] of wrong)
    assert.match(
      problem(() => parseRequest(given, [service()])),
      said,
    );
});

test('order-sign needs draftOrders, encounter-discharge its encounter', () => {
  const orders = [service({ hook: 'order-sign' })];
  const context = { userId: 'Practitioner/1', patientId: 'p' };
  const order = (draftOrders: unknown) => parseRequest(body({ hook: 'order-sign', context: { ...context, draftOrders } }), orders);
  order({ resourceType: 'Bundle', entry: [{ resource: { resourceType: 'MedicationRequest' } }] });
  for (const wrong of [
    undefined,
    null,
    {},
    { resourceType: 'Bundle', entry: {} },
    { resourceType: 'Bundle', entry: [{}] },
    { resourceType: 'Bundle', entry: [null] },
  ])
    assert.match(
      problem(() => order(wrong)),
      /draftOrders/,
    );
  assert.match(
    problem(() => parseRequest(body({ hook: 'encounter-discharge' }), [service({ hook: 'encounter-discharge' })])),
    /encounterId is missing/,
  );
});

test('whatever is posted to a service or as feedback is taken, or refused with one code that repeats no value', () => {
  const marked = fc.oneof(fc.jsonValue(), fc.constant('SECRET'));
  const shaped = fc.record(
    {
      hook: fc.constantFrom('patient-view', 'x'),
      hookInstance: fc.constant('d1577c69-dfbe-44ad-ba6d-3e05e953b2ea'),
      context: marked,
      prefetch: marked,
      fhirServer: marked,
      fhirAuthorization: marked,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(marked, shaped), (given) =>
      assert.doesNotMatch(
        problem(() => parseRequest(given, [service()])),
        /SECRET/,
      ),
    ),
  );
  const entry = fc.record(
    {
      card: marked,
      outcome: fc.oneof(fc.constantFrom('accepted', 'overridden'), marked),
      acceptedSuggestions: marked,
      overrideReason: marked,
      outcomeTimestamp: marked,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(marked, fc.record({ feedback: fc.oneof(marked, fc.array(entry)) })), (given) =>
      assert.doesNotMatch(
        problem(() => parseFeedback(given)),
        /SECRET/,
      ),
    ),
  );
});

test('feedback is read as the standard writes it', () => {
  const entry = { card: 'c', outcome: 'overridden', outcomeTimestamp: '2020-12-11T00:00:00Z' };
  const reason = { reason: { code: 'k', system: 'https://s' }, userComment: 'why' };
  assert.deepEqual(parseFeedback({ feedback: [entry, { ...entry, overrideReason: reason }] }), [
    { card: 'c', outcome: 'overridden', acceptedSuggestions: [], outcomeAt: Date.UTC(2020, 11, 11) },
    {
      card: 'c',
      outcome: 'overridden',
      acceptedSuggestions: [],
      outcomeAt: Date.UTC(2020, 11, 11),
      reason: { system: 'https://s', code: 'k' },
      userComment: 'why',
    },
  ]);
  const accepted = { ...entry, outcome: 'accepted', acceptedSuggestions: [{ id: 's1' }] };
  assert.deepEqual(parseFeedback({ feedback: [accepted] })[0]?.acceptedSuggestions, ['s1']);
  for (const wrong of [
    { feedback: [] },
    {},
    { feedback: [{ ...entry, outcome: 'ignored' }] },
    { feedback: [{ ...accepted, acceptedSuggestions: undefined }] },
    { feedback: [{ ...entry, outcomeTimestamp: 'yesterday' }] },
    { feedback: [{ ...entry, overrideReason: { reason: { code: 'k' } } }] },
    // PostgreSQL takes neither of them. fast-check found it: seed 899350071, path 17:0:3:4:6:6:4:0:3.
    ...['\u0000', 'a\u0000', '\ud800'].flatMap((text) => [
      { feedback: [{ ...entry, card: text }] },
      { feedback: [{ ...accepted, acceptedSuggestions: [{ id: text }] }] },
      { feedback: [{ ...entry, overrideReason: { userComment: text } }] },
      { feedback: [{ ...entry, overrideReason: { reason: { system: 's', code: text } } }] },
    ]),
    { feedback: Array.from({ length: 101 }, () => entry) },
  ])
    assert.notEqual(
      problem(() => parseFeedback(wrong)),
      'none',
      JSON.stringify(wrong).slice(0, 80),
    );
});

const said = (template: string) => `said: ${template}`;

test('[CDS 7, 9, 10, 29, 36] discovery describes each service with hook, description, id and its prefetch templates by key', () => {
  assert.deepEqual(discovery([service({ usageRequirements: 'u' })], said), {
    services: [
      {
        hook: 'patient-view',
        title: 't',
        description: 'd',
        id: 's',
        prefetch: { patient: 'said: Patient/{{context.patientId}}' },
        usageRequirements: 'u',
      },
    ],
  });
  assert.deepEqual(discovery([], said), { services: [] });
  assert.equal('prefetch' in (discovery([service({ reads: [] })], said).services[0] ?? {}), false);
});

test('[CDS 55, 56, 57, 59] prefetch tokens are {{context.field}} of a text field of the hook, or one of the user tokens', () => {
  for (const fine of [
    'Patient/{{context.patientId}}',
    'Condition?patient={{context.patientId}}&code:in=x',
    'PractitionerRole?_id={{userPractitionerRoleId}}',
    // Of 3.0; discovery says the day itself.
    'Observation?date=ge{{today() - 30 days}}',
  ])
    assert.equal(templateProblem(fine, 'patient-view'), undefined, fine);
  for (const wrong of [
    'Patient/{{patientId}}',
    'Patient/{context.patientId}',
    'Patient/{{context.patientId}',
    'Observation?date=ge{{tomorrow()}}',
    'Observation?date=ge{{today() - 1 year}}',
    'Practitioner?_id={{%encounter.participant.individual.id}}',
    'Medication?_id={{context.draftOrders.entry.resource.id}}',
    'Patient/{{context.unknown}}',
    'Condition?code:not=x',
    'Observation?date=ne{{today() - 30 days}}',
    'Observation?patient={{context.patientId}}&date=sa2026-01-01',
    'https://elsewhere/Patient/{{context.patientId}}',
    'patient',
  ])
    assert.notEqual(templateProblem(wrong, 'patient-view'), undefined, wrong);
  assert.equal(templateProblem('Observation?date=ge2026-01-01&status=sampled', 'patient-view'), undefined);
});

test('[CDS 56] the user tokens are the id of who is signed in, by the kind of user', () => {
  assert.deepEqual(userTokens('Practitioner/a'), { userPractitionerId: 'a' });
  assert.deepEqual(userTokens('PractitionerRole/b'), { userPractitionerRoleId: 'b' });
  assert.deepEqual(userTokens('Device/c'), {});
});

test('a service that reads what it does not prefetch is an error of the lint, and so are bad templates and twins', () => {
  const read = { key: 'labs', template: 'Observation?patient={{context.patientId}}' };
  const patient = { key: 'patient', template: 'Patient/{{context.patientId}}' };
  const codes = (...services: CdsService[]) => lintCds(services).map(({ code }) => code);
  assert.deepEqual(codes(service()), []);
  assert.deepEqual(codes(service({ reads: [patient, read], prefetch: [patient] })), ['AORTA_CDS_007']);
  assert.deepEqual(codes(service({ reads: [patient], prefetch: [{ ...patient, template: 'Patient/x' }] })), ['AORTA_CDS_007']);
  assert.deepEqual(codes(service({ reads: [{ key: 'x', template: 'Patient/{{x}}' }] })), ['AORTA_CDS_008']);
  assert.deepEqual(codes(service(), service()), ['AORTA_CDS_009']);
});

test('[CDS 211] one id may serve several hooks, each once', () => {
  assert.deepEqual(lintCds([service(), service({ hook: 'order-sign' })]), []);
  assert.equal(parseRequest(body({ hook: 'patient-view' }), [service({ hook: 'order-sign' }), service()]).service.hook, 'patient-view');
});

test('a definition that cannot work is refused when it is made', () => {
  for (const wrong of [
    { id: 'Not An Id' },
    { id: '' },
    { hook: 'order-select' },
    { title: '' },
    { description: '' },
    { requires: ['labs'] },
  ])
    assert.notEqual(
      problem(() => service(wrong)),
      'none',
      JSON.stringify(wrong),
    );
});
