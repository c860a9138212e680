import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fhirIdentifier } from '../../../src/canonical/tables.ts';
import { adt } from './messages.ts';
import { PatientRun } from './run.ts';

const run = (...messages: string[]) => new PatientRun().send(...messages);
const systems = (patient: PatientRun['patient']) => patient.identifier?.map(({ system, value }) => `${system}|${value}`);

describe('a patient', () => {
  it('keeps what a message leaves empty and deletes what it says ""', async () => {
    const known = adt({ event: 'A01', at: '202605011000', pid: { 11: 'Weg 1^^Bern^^3000', 13: '0441111', 16: 'M' } });
    const kept = await run(known, adt({ event: 'A08', at: '202605011100', pid: { 7: '' } }));
    assert.equal(kept.patient.birthDate, '1980-01-02');
    assert.equal(kept.patient.address?.[0]?.city, 'Bern');
    const deleted = await run(known, adt({ event: 'A08', at: '202605011100', pid: { 7: '""', 13: '""', 16: '""' } }));
    assert.equal(deleted.patient.birthDate, undefined);
    assert.equal(deleted.patient.telecom, undefined);
    assert.equal(deleted.patient.maritalStatus, undefined);
    assert.equal(deleted.patient.address?.[0]?.city, 'Bern');
  });

  it('lets the newest value of each field win by event time', async () => {
    const older = adt({ event: 'A08', at: '202605011000', pid: { 5: 'Old^Name', 13: '0441111' } });
    const newer = adt({ event: 'A08', at: '202605011100', pid: { 5: 'New^Name', 13: '' } });
    const { patient } = await run(newer, older);
    assert.equal(patient.name?.[0]?.family, 'New');
    assert.equal(patient.telecom?.[0]?.value, '0441111');
  });

  it('stays deleted when an older value arrives after the deletion', async () => {
    const { patient } = await run(adt({ event: 'A08', at: '202605011100', pid: { 7: '""' } }), adt({ event: 'A08', at: '202605011000' }));
    assert.equal(patient.birthDate, undefined);
  });

  it('has the numbers of every authority; each authority replaces its own only', async () => {
    const patient = await run(
      adt({ event: 'A01', at: '202605011000', pid: { 3: 'M1^^^GENHOSP^MR~7^^^LAB&1.2.3&ISO^PI' } }),
      adt({ event: 'A08', at: '202605011100', pid: { 3: '8^^^LAB&1.2.3&ISO^PI' } }),
    );
    assert.deepEqual(systems(patient.patient), ['urn:id:GENHOSP|M1', 'urn:oid:1.2.3|8']);
    const found = patient.tables
      .rows(fhirIdentifier)
      .filter((row) => row.type === 'Patient')
      .map(({ system, value }) => `${system}|${value}`);
    assert.deepEqual(found.sort(), ['urn:id:GENHOSP|M1', 'urn:id:LAB|8', 'urn:oid:1.2.3|8']);
  });

  it('has a number without an authority under the sender’s facility, as ingress does', async () => {
    assert.deepEqual(systems((await run(adt({ event: 'A01', at: '202605011000', pid: { 3: 'M1' } }))).patient), ['urn:id:GENHOSP|M1']);
  });

  it('has no encounter from an update that is about the person', async () => {
    const patient = await run(
      adt({ event: 'A08', at: '202605011000', pv1: null }),
      adt({ event: 'A08', at: '202605011100', visit: null, pv1: { 2: 'N' } }),
    );
    assert.deepEqual(patient.encounters, []);
    assert.deepEqual(
      patient.timeline.map((row) => row.encounter),
      [null, null],
    );
  });

  it('holds text that no database would take without the null character', async () => {
    const { patient } = await run(adt({ event: 'A01', at: '202605011000', pid: { 5: 'Mus\\X00\\ter^Max' } }));
    assert.equal(patient.name?.[0]?.family, 'Mus\ufffdter');
  });
});

describe('visits of a patient', () => {
  it('are told apart by visit number and authority', async () => {
    const patient = await run(
      adt({ event: 'A01', at: '202605011000', place: '4W^1^A', visit: 'V1' }),
      adt({ event: 'A01', at: '202605011000', id: 'x', place: '4W^2^A', visit: 'V1^^^OTHER' }),
    );
    assert.equal(patient.encounters.length, 2);
  });

  it('fall back to PV1-50, then PID-18', async () => {
    for (const fields of [{ pv1: { 50: 'ALT9' } }, { pid: { 18: 'ACC9' } }]) {
      const patient = await run(
        adt({ event: 'A01', at: '202605011000', place: '4W^1^A', visit: null, ...fields }),
        adt({ event: 'A03', at: '202605011200', visit: null, ...fields }),
        adt({ event: 'A01', at: '202605011100', id: 'other', place: '4W^2^A', visit: 'V2' }),
      );
      assert.deepEqual(patient.encounters.map((each) => each.status).sort(), ['finished', 'in-progress'], JSON.stringify(fields));
    }
  });

  it('without any number are one until closed, then the next', async () => {
    const patient = await run(
      adt({ event: 'A01', at: '202605011000', place: '4W^1^A', visit: null }),
      adt({ event: 'A03', at: '202605021000', visit: null }),
      adt({ event: 'A01', at: '202605031000', place: '4W^2^A', visit: null }),
    );
    assert.deepEqual(
      patient.encounters.map((each) => each.status),
      ['finished', 'in-progress'],
    );
    assert.equal(new Set(patient.timeline.map((row) => row.encounter)).size, 2);
  });

  it('take events without a number that happened while they were open', async () => {
    const patient = await run(
      adt({ event: 'A02', at: '202605011200', place: 'ICU^1^B', visit: null }),
      adt({ event: 'A01', at: '202605011000', place: '4W^1^A', visit: 'V1' }),
    );
    assert.deepEqual(patient.stays(), ['4W 1 A completed 10:00–12:00', 'ICU 1 B active 12:00–']);
    assert.equal(new Set(patient.timeline.map((row) => row.encounter)).size, 1);
  });
});
