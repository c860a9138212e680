import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { topics } from '../../../schemas/topics.ts';
import { fhirResource, timelineEvent } from '../../../src/canonical/tables.ts';
import { TestDriver } from '../../../src/testing/index.ts';
import adtAdmissions from '../../../topologies/adt-admissions/index.ts';
import { limits } from '../../../topologies/adt-admissions/state.ts';
import { adt } from './messages.ts';
import { PatientRun } from './run.ts';

const admit = adt({ event: 'A01', at: '202605011000', place: '4W^401^A' });

describe('adt-admissions', () => {
  it('tells everyone downstream what happened', async () => {
    const run = await new PatientRun().send(admit, adt({ event: 'A11', at: '202605011100', place: '4W^401^A' }));
    assert.deepEqual(run.emitted[1], {
      eventId: 'ADT1|GENHOSP/A11-202605011100',
      patientId: run.patientId,
      type: 'Cancellation',
      occurredAt: Date.UTC(2026, 4, 1, 11),
      recordedAt: Date.UTC(2026, 0, 1) + 1,
      system: 'ADT1|GENHOSP',
      messageId: 'A11-202605011100',
      encounterId: run.encounter.id,
      ward: '4W',
      room: '401',
      bed: 'A',
      cancels: 'ADT1|GENHOSP/A01-202605011000',
    });
  });

  it('skips by name what says too little', async () => {
    const run = await new PatientRun().send(
      adt({ event: 'A02', at: '202605011000' }),
      adt({ event: 'A02', at: '202605011001', place: '^^^GENHOSP' }),
      ...['A01', 'A02', 'A03', 'A11', 'A12', 'A13'].map((event) => adt({ event, at: '202605011002', pv1: null })),
    );
    assert.deepEqual(run.skipped, ['transfer-without-location', 'transfer-without-location', ...Array(6).fill('no-visit')]);
    assert.deepEqual(run.timeline, []);
    const other = new PatientRun();
    await other.send({ ...other.record(admit), event: 'A60' });
    assert.deepEqual(other.skipped, ['event-not-handled']);
  });

  it('fetches a large body, and reads it like any other', async () => {
    const asked: string[] = [];
    const get = async (ref: string) => {
      asked.push(ref);
      return Buffer.from(admit);
    };
    const large = new PatientRun({ blob: { get } });
    await large.send({ ...large.record(admit), raw: null, blobRef: 'blob:sha256/ab' });
    assert.deepEqual(asked, ['blob:sha256/ab']);
    assert.deepEqual(large.outcome(), (await new PatientRun().send(admit)).outcome());
  });

  it('fails as Decode on bytes that are no message, and on a record without any', async () => {
    const run = new PatientRun();
    await assert.rejects(() => run.send({ ...run.record(admit), raw: Buffer.from('junk') }), { class: 'Decode' });
    await assert.rejects(() => run.send({ ...run.record(admit), raw: null }), { class: 'Decode' });
  });

  it('reads bytes in the charset that ingress found', async () => {
    const text = adt({ event: 'A01', at: '202605011000', pid: { 5: 'Müller^Zoë' } });
    const run = new PatientRun();
    await run.send({ ...run.record(admit), raw: Buffer.from(text, 'utf8'), charset: 'UTF-8' });
    assert.equal(run.patient.name?.[0]?.family, 'Müller');
  });

  it('keeps a bounded state through a long visit, and its picture', async () => {
    const minute = (n: number) =>
      `2026050${1 + Math.floor(n / 1440)}${String(Math.floor(n / 60) % 24).padStart(2, '0')}${String(n % 60).padStart(2, '0')}`;
    const run = await new PatientRun().send(admit);
    const count = limits.events * 2;
    for (let n = 0; n < count; n++) await run.send(adt({ event: 'A02', at: minute(700 + n), place: n % 2 ? '4W^401^A' : 'ICU^1^B' }));
    assert.equal(run.encounter.location?.length, count + 1);
    assert.ok((run.state as { visits: Record<string, unknown[]> }).visits['PV1-19|urn:id:GENHOSP|V1']!.length <= limits.events);
    const before = run.outcome() as { resources: unknown };
    await run.send(adt({ event: 'A02', at: minute(650), id: 'too-late', place: 'SUR^7^C' }));
    assert.deepEqual((run.outcome() as { resources: unknown }).resources, before.resources, 'history only');
    assert.equal(run.timeline.filter((row) => row.encounter === run.encounter.id).length, count + 2);
  });

  it('lets go of visits closed long ago, and leaves their resources alone', async () => {
    const run = new PatientRun();
    for (let n = 0; n < limits.visits + 5; n++) {
      const day = String(n + 1).padStart(2, '0');
      await run.send(
        adt({ event: 'A01', at: `202605${day}1000`, visit: `V${n}`, place: '4W^401^A' }),
        adt({ event: 'A03', at: `202605${day}1200`, visit: `V${n}` }),
      );
    }
    const state = run.state as { visits: object; sealed: string[] };
    assert.equal(Object.keys(state.visits).length, limits.visits);
    assert.equal(run.encounters.length, limits.visits + 5);
    const before = (run.outcome() as { resources: unknown }).resources;
    await run.send(adt({ event: 'A13', at: '202605011300', visit: 'V0', place: '4W^401^A' }));
    assert.deepEqual((run.outcome() as { resources: unknown }).resources, before, 'history only');
    assert.equal(run.timeline.length, 2 * (limits.visits + 5) + 1);
  });

  it('gives loose events their own visits when there are too many of them', async () => {
    const run = new PatientRun();
    for (let n = 0; n <= limits.events; n++) {
      const at = `2026050${1 + Math.floor(n / 60)}10${String(n % 60).padStart(2, '0')}`;
      await run.send(adt({ event: n % 2 ? 'A03' : 'A01', at, visit: null, place: '4W^401^A' }));
    }
    const state = run.state as { visits: Record<string, unknown[]> };
    assert.equal(state.visits['']?.length ?? 0, 0);
    assert.ok(Object.keys(state.visits).length <= limits.visits);
    assert.equal(run.encounters.length, limits.events / 2 + 1);
    await run.send(adt({ event: 'A03', at: '202605091200', visit: null }));
    assert.equal(run.encounters.filter((each) => each.status === 'in-progress').length, 0);
    assert.equal(run.encounters.length, limits.events / 2 + 1);
  });

  it('runs on the engine: rows and outbox in one transaction, patients apart', async () => {
    const driver = await TestDriver.start(adtAdmissions(), { source: topics.adt });
    for (const key of ['patient-a', 'patient-b']) {
      const run = new PatientRun({}, key);
      for (const text of [admit, adt({ event: 'A02', at: '202605011200', place: `ICU^1^${key.at(-1)}` })]) {
        const value = run.record(text);
        await driver.send({ key, value, eventId: `${key}/${value.eventId}` });
      }
    }
    assert.deepEqual(
      driver
        .rows(timelineEvent)
        .map((row) => `${row.patient} ${row.type} ${row.bed}`)
        .sort(),
      ['patient-a Admission A', 'patient-a Transfer a', 'patient-b Admission A', 'patient-b Transfer b'],
    );
    assert.equal(driver.rows(fhirResource).filter((row) => row.type === 'Encounter').length, 2);
    const told = await driver.emitted(topics.timeline);
    assert.deepEqual(told.map((each) => `${each.key} ${each.value.type}`).sort(), [
      'patient-a Admission',
      'patient-a Transfer',
      'patient-b Admission',
      'patient-b Transfer',
    ]);
    await driver.restart();
    const run = new PatientRun({}, 'patient-a');
    await driver.send({ key: 'patient-a', value: run.record(adt({ event: 'A03', at: '202605021200' })), eventId: 'patient-a/out' });
    const encounters = driver.rows(fhirResource).filter((row) => row.type === 'Encounter' && row.patient === 'patient-a');
    assert.deepEqual(
      encounters.map((row) => (JSON.parse(row.body as string) as { status: string }).status),
      ['finished'],
    );
    assert.deepEqual(await driver.held(), []);
    await driver.stop();
  });
});
