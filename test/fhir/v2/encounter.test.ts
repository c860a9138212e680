import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type EncounterView, encounterFrom, encounterId, placesOf, statusOfClass } from '../../../src/fhir/v2/encounter.ts';
import { patientClassEncounterClass, patientClassEncounterStatus } from '../../../src/fhir/v2/tables/index.ts';
import { structureProblems } from '../structure.ts';
import { factsOf, segment } from './facts.ts';

const ctx = { zone: 'UTC' };
const encounter = (pv1: Record<number, string>, view: Partial<EncounterView> = {}, pv2?: Record<number, string>) => {
  const facts = factsOf(segment('PV1', pv1), ...(pv2 ? [segment('PV2', pv2)] : []));
  const resource = encounterFrom({ id: 'e1', patientId: 'p1', status: 'in-progress', period: undefined, stays: [], facts, ...view }, ctx);
  assert.deepEqual(structureProblems(resource), []);
  return resource;
};

describe('PV1 → Encounter', () => {
  it('PV1-2: class and status by every row of the maps', () => {
    for (const [code, row] of Object.entries(patientClassEncounterClass)) {
      assert.deepEqual([encounter({ 2: code }).class.code, encounter({ 2: code }).class.system], [row.code, row.system], row.row);
    }
    for (const [code, row] of Object.entries(patientClassEncounterStatus))
      assert.equal(statusOfClass(factsOf(segment('PV1', { 2: code }))), row.code, row.row);
    assert.deepEqual(encounter({ 1: '1' }).class, {
      system: 'http://terminology.hl7.org/CodeSystem/v3-NullFlavor',
      code: 'UNK',
      display: 'unknown',
    });
    assert.deepEqual(encounter({ 2: 'DAY^Day case^99HOSP' }).class, { system: 'urn:id:99HOSP', code: 'DAY', display: 'Day case' });
    assert.equal(statusOfClass(factsOf(segment('PV1', { 2: 'Q' }))), 'unknown');
  });

  it('PV1-19, 50, 5: identifiers, the visit number as VN', () => {
    const { identifier, hospitalization } = encounter({ 19: 'V1^^^GENHOSP^MR', 50: 'ALT1^^^OLD~ALT2^^^OLD', 5: 'PRE1^^^GENHOSP' });
    assert.deepEqual(identifier?.[0]?.type, {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'VN', display: 'Visit number' }],
      text: 'visit number',
    });
    assert.deepEqual(
      identifier?.map((each) => each.value),
      ['V1', 'ALT1', 'ALT2'],
    );
    assert.equal(hospitalization?.preAdmissionIdentifier?.value, 'PRE1');
  });

  it('PV1-4, 10, PV2-3, 25: type, service, reason, priority', () => {
    const resource = encounter({ 4: 'E', 10: 'CAR' }, {}, { 3: 'CHEST^Chest pain^L', 25: '1' });
    assert.equal(resource.type?.[0]?.coding?.[0]?.display, 'Emergency');
    assert.equal(resource.serviceType?.coding?.[0]?.system, 'http://terminology.hl7.org/CodeSystem/v2-0069');
    assert.equal(encounter({ 10: 'MED' }).serviceType?.coding?.[0]?.code, '382');
    assert.equal(resource.reasonCode?.[0]?.text, 'Chest pain');
    assert.equal(resource.priority?.coding?.[0]?.code, 'EM');
  });

  it('PV1-7, 8, 9, 17, 52, PV2-13: participants by role', () => {
    const doctor = 'D1^Welby^Marcus^^^Dr^^^GENHOSP';
    const { participant } = encounter({ 7: `${doctor}~D2^Two`, 8: doctor, 9: doctor, 17: doctor, 52: doctor }, {}, { 13: doctor });
    assert.deepEqual(
      participant?.map((each) => each.type?.[0]?.coding?.[0]?.code),
      ['ATND', 'ATND', 'REF', 'CON', 'ADM', 'PART', 'REF'],
    );
    assert.deepEqual(participant?.[0]?.individual, {
      type: 'Practitioner',
      identifier: { system: 'urn:id:GENHOSP', value: 'D1', assigner: { display: 'GENHOSP' } },
      display: 'Dr Marcus Welby',
    });
  });

  it('PV1-13…16, 36, 37, 38: hospitalization', () => {
    const { hospitalization } = encounter({
      13: 'R',
      14: '7',
      15: 'A2~A0',
      16: 'VIP',
      36: '01^Discharged home',
      37: 'SNF&Nursing home^20260501',
      38: 'VEG',
    });
    assert.deepEqual(hospitalization, {
      admitSource: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0023', code: '7' }] },
      reAdmission: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0092', code: 'R', display: 'Re-admission' }] },
      specialCourtesy: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0099', code: 'VIP' }] }],
      specialArrangement: [
        {
          coding: [
            { system: 'http://terminology.hl7.org/CodeSystem/encounter-special-arrangements', code: 'wheel', display: 'Wheelchair' },
          ],
        },
        { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0009', code: 'A0' }] },
      ],
      dietPreference: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0114', code: 'VEG' }] }],
      destination: {
        type: 'Location',
        identifier: { system: 'http://terminology.hl7.org/CodeSystem/v2-0113', value: 'SNF' },
        display: 'Nursing home',
      },
      dischargeDisposition: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0112', code: '01', display: 'Discharged home' }],
        text: 'Discharged home',
      },
    });
  });

  it('PV1-3 in class P is planned; PV1-11 is temporary, PV1-42 reserved until there or closed', () => {
    const stay = {
      place: { facility: 'GENHOSP', ward: '4W', room: '401', bed: 'A' },
      period: { start: '2026-05-01T10:00:00+00:00' },
      ended: false,
    };
    const pv1 = { 2: 'P', 11: 'XRAY^2^^GENHOSP', 42: 'ICU^1^B^GENHOSP' };
    assert.deepEqual(
      encounter(pv1, { stays: [stay] }).location?.map((each) => `${each.location.display} ${each.status}`),
      ['4W 401 A planned', 'XRAY 2 active', 'ICU 1 B reserved'],
    );
    const closed = encounter(pv1, { stays: [{ ...stay, ended: true }], status: 'finished' });
    assert.deepEqual(
      closed.location?.map((each) => `${each.location.display} ${each.status}`),
      ['4W 401 A completed', 'XRAY 2 completed'],
    );
    assert.equal(encounter({ ...pv1, 42: '4W^401^A^GENHOSP' }, { stays: [stay] }).location?.length, 2);
    assert.equal(placesOf(factsOf(segment('PV1', { ...pv1, 3: '4W^401', 6: 'ER' }))).length, 4);
  });

  it('has one id a patient and visit', () => {
    assert.notEqual(encounterId('p1', 'v'), encounterId('p2', 'v'));
    assert.match(encounterId('p1', 'v'), /^[A-Za-z0-9\-.]{1,64}$/);
  });
});
