import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AortaError } from '../../src/errors/index.ts';
import { backendScope, format, missingScopes, neededScopes, parseScope, surplusScopes } from '../../src/smart/index.ts';

const code = (work: () => unknown) => {
  try {
    work();
    return 'none';
  } catch (thrown) {
    return (thrown as AortaError).code;
  }
};

test('[SMART 120, 121, 122, 124, 125, 132, 135, 143] scopes are read in v2 and v1 syntax and written back', () => {
  const letters = (text: string) => [...(parseScope(text)?.interactions ?? [])].join('');
  assert.equal(letters('system/Patient.cruds'), 'cruds');
  assert.equal(letters('system/Patient.rs'), 'rs');
  assert.equal(letters('system/Patient.read'), 'rs');
  assert.equal(letters('user/Observation.write'), 'cud');
  assert.equal(parseScope('system/Observation.rs?category=laboratory')?.query, 'category=laboratory');
  for (const wrong of [
    'system/Patient.sr',
    'system/Patient.',
    'Patient.rs',
    'openid',
    'launch/patient',
    'system/patient.rs',
    'system/Patient.x',
  ])
    assert.equal(parseScope(wrong), undefined, wrong);
  for (const text of ['system/Patient.rs', 'system/DocumentReference.c', 'system/Observation.rs?category=laboratory'])
    assert.equal(format(backendScope(text), 'v2'), text);
  assert.equal(format(backendScope('system/Patient.rs'), 'v1'), 'system/Patient.read');
  assert.equal(format(backendScope('system/DocumentReference.c'), 'v1'), 'system/DocumentReference.write');
});

test('[SMART 146] a wildcard is refused for a backend service, and so is what is not system level', () => {
  for (const wildcard of ['system/*.read', 'system/*.rs', 'system/*.cruds', 'system/Patient.*', 'user/*.rs'])
    assert.equal(
      code(() => backendScope(wildcard)),
      'AORTA_SMART_002',
      wildcard,
    );
  for (const other of ['user/Patient.rs', 'patient/Patient.read', 'openid', ''])
    assert.equal(
      code(() => backendScope(other)),
      'AORTA_SMART_001',
      other,
    );
});

test('needed scopes follow from what is read and created', () => {
  assert.deepEqual(neededScopes({ reads: ['Patient', 'Observation', 'Patient'], creates: ['DocumentReference'] }), [
    'system/DocumentReference.c',
    'system/Observation.rs',
    'system/Patient.rs',
  ]);
});

test('granted scopes cover needed ones across both syntaxes, letter by letter', () => {
  const needed = ['system/Patient.rs', 'system/DocumentReference.c'];
  assert.deepEqual(missingScopes(needed, ['system/Patient.read', 'system/DocumentReference.write']), []);
  assert.deepEqual(missingScopes(needed, ['system/Patient.r', 'system/Patient.s', 'system/DocumentReference.cu']), []);
  assert.deepEqual(missingScopes(needed, ['system/*.cruds']), []);
  assert.deepEqual(missingScopes(needed, ['system/Patient.r', 'system/DocumentReference.c']), ['system/Patient.rs']);
  assert.deepEqual(missingScopes(needed, ['user/Patient.rs', 'system/DocumentReference.read']), needed);
  assert.deepEqual(missingScopes(['system/Observation.rs'], ['system/Observation.rs?category=laboratory']), ['system/Observation.rs']);
});

test('a registered scope that nothing needs is surplus, also when only a letter of it is', () => {
  const needed = ['system/Patient.rs', 'system/DocumentReference.c'];
  assert.deepEqual(surplusScopes(needed, ['system/Patient.rs', 'system/DocumentReference.c']), []);
  assert.deepEqual(surplusScopes(needed, ['system/Patient.read', 'system/DocumentReference.write']), []);
  const surplus = ['system/Patient.cruds', 'system/Observation.read', 'system/DocumentReference.cu', 'system/Patient.write', 'openid'];
  assert.deepEqual(surplusScopes(needed, ['system/Patient.rs', ...surplus]), surplus);
});
