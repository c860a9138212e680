import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reportFrom } from '../../../src/fhir/v2/report.ts';
import { specimenFrom } from '../../../src/fhir/v2/specimen.ts';
import { extendedPriorityCodes, orderControlCodeStatus, orderStatus } from '../../../src/fhir/v2/tables/index.ts';
import { structureProblems } from '../structure.ts';
import { factsOf, segment } from './facts.ts';

const ctx = { zone: 'UTC' };
const view = {
  id: 'r1',
  patientId: 'p1',
  encounterId: undefined,
  status: 'final',
  specimenIds: [],
  observationIds: [],
  presentedForm: [],
} as const;
const report = (orc: Record<number, string>, obr: Record<number, string> = {}) => {
  const facts = factsOf(segment('ORC', { 1: '', ...orc }), segment('OBR', { 4: 'CBC', ...obr }));
  const resource = reportFrom({ ...view, facts }, ctx);
  assert.deepEqual(structureProblems(resource), []);
  return resource;
};
const order = (orc: Record<number, string>, obr: Record<number, string> = {}) => {
  const found = report(orc, obr).contained?.find((each) => each.resourceType === 'ServiceRequest');
  assert.ok(found?.resourceType === 'ServiceRequest');
  return found;
};

describe('ORC and OBR → contained ServiceRequest', () => {
  it('is there only where the message tells more than numbers and service', () => {
    const plain = report({ 1: 'RE', 2: 'P1^PLACER' });
    assert.equal(plain.contained, undefined);
    assert.deepEqual(plain.basedOn, [
      {
        type: 'ServiceRequest',
        identifier: {
          type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'PLAC' }] },
          system: 'urn:id:PLACER',
          value: 'P1',
          assigner: { display: 'PLACER' },
        },
      },
    ]);
    const told = report({ 1: 'RE', 2: 'P1', 12: 'D1^Welby^Marcus' });
    assert.equal(told.basedOn?.[0]?.reference, '#order');
    assert.equal(told.basedOn?.[0]?.identifier?.value, 'P1');
  });

  it('ORC-12 (else OBR-16): who asked, with the organization of ORC-21 to 23 through a role', () => {
    assert.equal(order({}, { 16: 'D2^House^Greg' }).requester?.display, 'Greg House');
    assert.equal(order({ 12: 'D1^Welby^Marcus' }, { 16: 'D2^House^Greg' }).requester?.display, 'Marcus Welby');
    const { contained, basedOn } = report({ 12: 'D1^Welby', 21: 'Praxis^^^^^^^^^P9', 22: 'Weg 1^^Bern', 23: '031 1' });
    assert.equal(basedOn?.[0]?.reference, '#order');
    assert.deepEqual(
      contained?.map((each) => [each.resourceType, each.id]),
      [
        ['ServiceRequest', 'order'],
        ['PractitionerRole', 'requester'],
        ['Organization', 'requesting-organization'],
      ],
    );
  });

  it('ORC-5, else ORC-1: status by every row of the maps, unknown beyond them', () => {
    for (const [code, row] of Object.entries(orderStatus)) assert.equal(order({ 1: 'NW', 5: code }).status, row.code, row.row);
    for (const [code, row] of Object.entries(orderControlCodeStatus)) assert.equal(order({ 1: code, 12: 'D1' }).status, row.code, row.row);
    assert.equal(order({ 1: 'RE', 12: 'D1' }).status, 'unknown');
  });

  it('OBR-5 and the timing: priority by the map; OBR-11: a reflex order', () => {
    for (const [code, row] of Object.entries(extendedPriorityCodes)) assert.equal(order({}, { 5: code }).priority, row.code, row.row);
    assert.equal(order({ 7: '^^^^^S' }).priority, 'stat');
    assert.equal(order({ 12: 'D1' }, { 5: 'T' }).priority, undefined);
    assert.equal(order({}, { 11: 'G' }).intent, 'reflex-order');
    assert.equal(order({}, { 11: 'L' }).intent, 'order');
  });

  it('OBR-13: fasting is of the specimen, the rest of the order', () => {
    const facts = (code: string) => factsOf(segment('OBR', { 4: 'GLU', 13: code, 15: 'BLD' }));
    assert.equal(
      specimenFrom('s1', 'p1', facts('F^Fasting^HL70916'), ctx)?.collection?.fastingStatusCodeableConcept?.coding?.[0]?.code,
      'F',
    );
    assert.equal(specimenFrom('s1', 'p1', facts('Fever'), ctx)?.collection, undefined);
    assert.match(JSON.stringify(order({}, { 13: 'Fever' }).extension), /supportingInfo.*Fever/);
    assert.equal(report({}, { 13: 'F' }).contained, undefined);
  });
});
