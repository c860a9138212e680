import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explain, refusals, rules } from './explained.ts';
import { type Difference, differences, factsOf, type Json } from './normalise.ts';
import { matches } from './rule.ts';

const between = (ours: Json[], theirs: Json[]) => differences(factsOf(ours), factsOf(theirs));
const difference = (over: Partial<Difference> & { path: string }): Difference => ({ side: 'ours', value: 'x', instead: [], ...over });

describe('what is compared', () => {
  it('is values at places, not ids, versions, stamps or how times and numbers are written', () => {
    const [a, b] = [
      { resourceType: 'Encounter', id: 'e1', meta: { versionId: '1' }, period: { start: '2026-05-01T10:00:00+00:00' } },
      { resourceType: 'Encounter', id: 'x9', meta: { lastUpdated: 'now' }, period: { start: '2026-05-01T12:00:00+02:00' } },
    ];
    assert.deepEqual(between([a], [b]), []);
    const phone = (value: string) => ({ resourceType: 'Patient', id: 'p', telecom: [{ value }] });
    assert.deepEqual(between([phone('+41 31 5550101 X22')], [phone('+41 31 555 01 01 ext. 22')]), []);
    assert.equal(between([phone('+41 31 5550101')], [phone('+41 31 5550102')]).length, 2);
  });

  it('is what a reference leads to: logical, contained and of its own say the same', () => {
    const number = { system: 'urn:id:H', value: 'D1' };
    const doctor = { resourceType: 'Practitioner', id: 'd', identifier: [number], name: [{ given: ['Marcus'], family: 'Welby' }] };
    const encounter = (individual: Json) => ({ resourceType: 'Encounter', id: 'e', participant: [{ individual }] });
    const logical = encounter({ type: 'Practitioner', identifier: number, display: 'Marcus Welby' });
    assert.deepEqual(between([logical], [encounter({ reference: 'Practitioner/d' }), doctor]), []);
    const role = { resourceType: 'PractitionerRole', id: 'r', practitioner: { reference: 'Practitioner/d' } };
    assert.deepEqual(between([logical], [{ ...encounter({ reference: '#r' }), contained: [role] }, doctor]), []);
    const other = { ...doctor, identifier: [{ system: 'urn:id:H', value: 'D2' }] };
    assert.deepEqual(
      between([logical], [encounter({ reference: 'Practitioner/d' }), other]).map(({ side, value, instead }) => [side, value, instead]),
      [
        ['ours', 'D1', ['D2']],
        ['theirs', 'D2', ['D1']],
      ],
    );
  });

  it('is result by result, by code, whatever else there is', () => {
    const result = (code: string, value: number) => ({
      resourceType: 'Observation',
      id: code,
      code: { coding: [{ code }] },
      valueQuantity: { value },
    });
    assert.deepEqual(between([result('A', 1), result('B', 2)], [result('B', 2), result('A', 1)]), []);
    assert.deepEqual(
      between([result('A', 1), result('B', 2)], [result('A', 1)]).map(({ side, path }) => `${side} ${path}`),
      ['ours Observation'],
    );
    assert.equal(between([result('A', 1)], [result('A', 9)]).length, 2);
  });

  it('knows who only says more', () => {
    const named = (...given: string[]) => ({ resourceType: 'Patient', id: 'p', name: [{ given }] });
    const [more] = between([named('Anna', 'Maria')], [named('Anna')]);
    assert.deepEqual([more?.side, more?.value, more?.instead], ['ours', 'Maria', []]);
  });
});

describe('the rules', () => {
  it('each have an id of their own and say why, by row, table or specification', () => {
    assert.equal(new Set(rules.map(({ id }) => id)).size, rules.length);
    for (const { id, because } of rules) {
      assert.ok(because.length > 20, id);
      assert.match(because, /row|table|map|message|HL7|FHIR|R4|[A-Z]{2}[A-Z0-9](-|\[)|CWE|XTN|HD|authority|text|status/, id);
    }
    for (const { because } of refusals) assert.ok(because.length > 20);
  });

  it('fit by side, kind, place and value', () => {
    const rule = { id: 'r', side: 'theirs', kind: 'differs', at: /^Patient\.x$/, value: /^a$/, instead: /^b$/, because: '' } as const;
    const fits = { side: 'theirs', path: 'Patient.x', value: 'a', instead: ['b'] } as const;
    assert.ok(matches(rule, fits));
    for (const over of [{ side: 'ours' }, { instead: [] }, { path: 'Patient.xy' }, { value: 'c' }, { instead: ['c'] }] as const)
      assert.ok(!matches(rule, { ...fits, ...over }), JSON.stringify(over));
  });

  it('never excuse another value of what matters', () => {
    const paths = [
      ...['Patient.birthDate', 'Patient.gender', 'Patient.name.family', 'Patient.name.given', 'Patient.identifier.value'],
      ...['Patient.address.city', 'Patient.deceasedDateTime', 'Encounter.class.code', 'Encounter.identifier.value', 'Encounter.period.end'],
      ...['Encounter.participant.individual.identifier.value', 'AllergyIntolerance.code.coding.code', 'Condition.code.coding.code'],
      ...['Condition.onsetDateTime', 'Encounter.diagnosis.rank', 'Observation.code.coding.code', 'Observation.interpretation.text'],
      ...['DiagnosticReport.code.coding.code', 'DiagnosticReport.issued', 'Specimen.receivedTime', 'Specimen.type.text'],
    ];
    for (const path of paths) assert.equal(explain(difference({ path, instead: ['another'] }))?.id, undefined, path);
    for (const path of ['Observation.valueQuantity.value', 'Observation.valueQuantity.unit', 'Observation.valueString'])
      assert.equal(explain(difference({ path, instead: ['another'] }))?.id, undefined, path);
  });

  it('excuse what we say more only where a row of the tables names it', () => {
    assert.equal(explain(difference({ path: 'Patient.birthDate' }))?.id, 'row-of-the-table');
    assert.equal(explain(difference({ path: 'Encounter.hospitalization.destination.identifier.value' }))?.id, 'row-of-the-table');
    assert.equal(explain(difference({ path: 'ServiceRequest.priority' }))?.id, 'row-of-the-table');
    for (const path of ['Patient.active', 'Patient.photo.url', 'Encounter.partOf', 'Observation.focus'])
      assert.equal(explain(difference({ path })), undefined, path);
  });

  it('do not excuse what the other one says more, but for what is named', () => {
    for (const path of [
      'Patient.name.family',
      'Patient.telecom.rank',
      'Encounter.location.status',
      'Specimen.note.text',
      'DiagnosticReport.issued',
    ])
      assert.equal(explain(difference({ side: 'theirs', path })), undefined, path);
  });
});
