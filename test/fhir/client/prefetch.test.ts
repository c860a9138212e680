import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clinicalReads, contextEncounter, prefetched } from '../../../src/fhir/client/index.ts';

const { patient, labs } = clinicalReads;
const lab = (subject: string | undefined = 'Patient/p') => ({
  resourceType: 'Observation',
  id: 'o',
  ...(subject ? { subject: { reference: subject } } : {}),
});
const bundle = (...resources: object[]) => ({
  resourceType: 'Bundle',
  type: 'searchset',
  entry: resources.map((resource) => ({ resource })),
});
const of = (read: typeof patient | typeof labs, value: unknown) => prefetched(read, { [read.key]: value }, 'p');

test('null is no data, an absent key is to be fetched, an OperationOutcome is to be fetched again', () => {
  assert.deepEqual(of(labs, null), { kind: 'none' });
  assert.deepEqual(prefetched(labs, {}, 'p'), { kind: 'fetch', reason: 'absent' });
  assert.deepEqual(of(labs, { resourceType: 'OperationOutcome', issue: [] }), { kind: 'fetch', reason: 'outcome' });
  assert.deepEqual(of(labs, bundle(lab(), { resourceType: 'OperationOutcome' })), { kind: 'fetch', reason: 'outcome' });
});

test('a remark of the server beside what it found is no failure; one that it calls an error is', () => {
  const outcome = (severity: string) => ({ resourceType: 'OperationOutcome', issue: [{ severity, code: 'informational' }] });
  const beside = (resource: object, mode?: string) => ({
    ...{ resourceType: 'Bundle', type: 'searchset' },
    entry: [
      { resource: lab(), search: { mode: 'match' } },
      { resource, ...(mode ? { search: { mode } } : {}) },
    ],
  });
  for (const severity of ['information', 'warning'])
    assert.deepEqual(of(labs, beside(outcome(severity), 'outcome')), { kind: 'data', resources: [lab()] }, severity);
  for (const severity of ['error', 'fatal', '?'])
    assert.deepEqual(of(labs, beside(outcome(severity), 'outcome')), { kind: 'fetch', reason: 'outcome' }, severity);
  assert.deepEqual(of(labs, beside(outcome('warning'))), { kind: 'fetch', reason: 'outcome' });
});

test('a Bundle gives its resources and its next page; one without entries is "none found"', () => {
  assert.deepEqual(of(labs, bundle(lab(), { resourceType: 'Patient', id: 'p' })), { kind: 'data', resources: [lab()] });
  assert.deepEqual(of(labs, { resourceType: 'Bundle', type: 'searchset', total: 0 }), { kind: 'data', resources: [] });
  const link = [
    { relation: 'self', url: 'x' },
    { relation: 'next', url: 'https://ehr/fhir?page=2' },
  ];
  assert.deepEqual(of(labs, { ...bundle(lab()), link }), { kind: 'data', resources: [lab()], next: 'https://ehr/fhir?page=2' });
  assert.deepEqual(of(patient, { resourceType: 'Patient', id: 'p' }), { kind: 'data', resources: [{ resourceType: 'Patient', id: 'p' }] });
});

test('what is of another patient is not used, not even the rest of its Bundle', () => {
  assert.deepEqual(of(patient, { resourceType: 'Patient', id: 'other' }), { kind: 'fetch', reason: 'unfit' });
  assert.deepEqual(of(labs, bundle(lab(), lab('Patient/other'))), { kind: 'fetch', reason: 'unfit' });
  assert.equal(of(labs, bundle(lab('https://ehr/fhir/Patient/p'))).kind, 'data');
  assert.equal(of(labs, bundle(lab('Patient/p/_history/2'))).kind, 'data');
  assert.equal(of(labs, bundle(lab('Patient/other/_history/2'))).kind, 'fetch');
  assert.equal(of(labs, bundle(lab(''))).kind, 'data');
});

test('of a read of one resource, another of the same patient is not used', () => {
  const encounter = { resourceType: 'Encounter', id: 'e', subject: { reference: 'Patient/p' } };
  const of = (id: string) => prefetched(contextEncounter, { encounter }, 'p', id);
  assert.equal(of('e').kind, 'data');
  assert.deepEqual(of('another'), { kind: 'fetch', reason: 'unfit' });
});

test('a value of another type is not used, and nothing that is sent makes it throw', () => {
  for (const value of [lab(), { resourceType: 'Patient', id: 'p' }, 'text', 7, [], { resourceType: 'Bundle', entry: {} }, {}])
    assert.equal(of(labs, value).kind, 'fetch', JSON.stringify(value));
  const entry = fc.oneof(fc.jsonValue(), fc.record({ resource: fc.oneof(fc.constant(lab()), fc.jsonValue()) }));
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.record({
      resourceType: fc.constantFrom('Bundle', 'Patient'),
      entry: fc.oneof(fc.array(entry), fc.jsonValue()),
      link: fc.jsonValue(),
    }),
  );
  fc.assert(fc.property(anything, fc.constantFrom(labs, patient), (value, read) => void of(read, value)));
});
