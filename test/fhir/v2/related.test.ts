import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { motherFrom, relatedFrom, relatedKey } from '../../../src/fhir/v2/related.ts';
import { structureProblems } from '../structure.ts';
import { factsOf, segment } from './facts.ts';

const ctx = { zone: 'UTC' };
const facts = (nk1: Record<number, string>) => factsOf(segment('NK1', { 1: '1', ...nk1 }));
const related = (nk1: Record<number, string>) => {
  const resource = relatedFrom('r1', 'p1', facts(nk1), ctx);
  assert.deepEqual(structureProblems(resource), []);
  return resource;
};

describe('NK1 → RelatedPerson', () => {
  it('who, how related, reached how, since when, with numbers, birth date and language', () => {
    const person = related({
      2: 'Muster^Eva',
      3: 'SPO',
      4: 'Weg 1^^Bern',
      5: '^PRN^PH^^^^111',
      6: '^^PH^^^^222',
      7: 'EP',
      8: '20200101',
      15: 'F',
      16: '19800203',
      20: 'de',
      33: 'R1^^^GENHOSP^PI',
      37: '123-45-6789',
    });
    assert.equal(person.patient.reference, 'Patient/p1');
    assert.deepEqual(
      person.relationship?.map((each) => each.coding?.[0]?.code),
      ['SPS', 'EP'],
    );
    assert.deepEqual(
      person.identifier?.map(({ system, value }) => `${system} ${value}`),
      ['urn:id:GENHOSP R1', 'http://hl7.org/fhir/sid/us-ssn 123456789'],
    );
    assert.deepEqual(
      person.telecom?.map(({ value, use }) => `${value} ${use}`),
      ['111 home', '222 work'],
    );
    assert.deepEqual([person.birthDate, person.gender, person.period?.start], ['1980-02-03', 'female', '2020-01-01']);
    assert.equal(person.communication?.[0]?.language.coding?.[0]?.system, 'urn:ietf:bcp:47');
  });

  it('is no employer, insurer or agency, and nobody without a name or number', () => {
    for (const kind of ['EMR', 'E', 'F', 'I', 'S']) assert.equal(relatedKey(facts({ 2: 'A^B', 3: kind })), undefined, kind);
    assert.equal(relatedKey(facts({ 2: '""' })), undefined);
    assert.equal(relatedKey(facts({ 5: '111' })), undefined);
  });

  it('is the same person by number, whatever the name; two of one number but different authorities are two', () => {
    assert.equal(relatedKey(facts({ 2: 'A', 33: '7^^^H' })), relatedKey(facts({ 2: 'B', 33: '7^^^H' })));
    assert.notEqual(relatedKey(facts({ 2: 'A', 33: '7^^^H' })), relatedKey(facts({ 2: 'A', 33: '7^^^K' })));
    assert.notEqual(relatedKey(facts({ 2: 'A^X', 3: 'SPO' })), relatedKey(facts({ 2: 'A^Y', 3: 'SPO' })));
  });

  it('PID-21: the mother by her number', () => {
    const mother = motherFrom('m', 'p1', factsOf(segment('PID', { 21: 'MOM1^^^GENHOSP^MR' })), ctx);
    assert.ok(mother);
    assert.deepEqual(structureProblems(mother), []);
    assert.equal(mother.relationship?.[0]?.coding?.[0]?.code, 'MTH');
    assert.equal(motherFrom('m', 'p1', factsOf(segment('PID', { 3: 'A' })), ctx), undefined);
  });
});
