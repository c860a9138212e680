import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { topics } from '../../../schemas/topics.ts';
import { fhirBinary, fhirResource, timelineEvent } from '../../../src/canonical/tables.ts';
import type { Patient } from '../../../src/fhir/index.ts';
import { TestDriver } from '../../../src/testing/index.ts';
import labResults from '../../../topologies/lab-results/index.ts';
import { adt } from '../adt-admissions/messages.ts';
import { PatientRun } from '../adt-admissions/run.ts';
import { oru } from './messages.ts';
import { memoryBlob, ResultsRun } from './run.ts';

const report = (data: Buffer, encoding = 'Base64', kind = 'application^pdf') =>
  oru({
    at: '202605011000',
    orders: [
      {
        results: [
          { type: 'ED', code: 'PDF^Report^L', value: `^${kind}^${encoding}^${data.toString(encoding === 'Hex' ? 'hex' : 'base64')}` },
        ],
      },
    ],
  });
const pdf = (size: number) => Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(size, 'x')]);

describe('lab-results', () => {
  it('tells everyone downstream that there is a result', async () => {
    const run = await new ResultsRun().send(
      oru({ at: '202605011000', id: 'm1', pv1: { 3: '4W^401^A', 19: 'V1^^^GENHOSP' }, orders: [{ results: [{}] }] }),
    );
    const [event] = run.emitted;
    assert.deepEqual(
      [event?.type, event?.messageId, event?.occurredAt, event?.ward, event?.encounterId],
      ['Result', 'm1', Date.UTC(2026, 4, 1, 10), '4W', run.resources<{ id: string }>('Encounter')[0]?.id],
    );
  });

  it('keeps a large document in the blob store, a small one in its row; results and report refer to it', async () => {
    for (const [size, large] of [
      [200_000, true],
      [20, false],
    ] as const) {
      const data = pdf(size);
      const run = await new ResultsRun().send(report(data));
      const [binary] = run.binaries;
      const [row] = run.tables.rows(fhirBinary);
      assert.equal(binary?.contentType, 'application/pdf');
      assert.equal(binary?.data === undefined, large);
      assert.deepEqual(large ? run.blob.kept.get(row?.ref ?? '') : Buffer.from(binary?.data ?? '', 'base64'), data);
      const [form] = run.report.presentedForm ?? [];
      assert.deepEqual(
        [form?.url, form?.size, form?.contentType, form?.title],
        [`Binary/${binary?.id}`, data.length, 'application/pdf', 'Report'],
      );
      assert.equal(JSON.stringify(run.observation).includes(binary?.id ?? '?'), true);
      assert.equal(run.observation.dataAbsentReason, undefined);
    }
  });

  it('reads a document in its encoding, and keeps what is not in it as it was sent', async () => {
    const data = Buffer.from([0x89, 0x50, 0x4e, 0x47, 1, 2, 3]);
    const bytes = (run: ResultsRun) => Buffer.from(run.binaries[0]?.data ?? '', 'base64');
    const hex = await new ResultsRun().send(report(data, 'Hex', '^'));
    assert.deepEqual([hex.binaries[0]?.contentType, bytes(hex)], ['image/png', data]);
    const lines = await new ResultsRun().send(
      report(data).replace(data.toString('base64'), `${data.toString('base64').slice(0, 4)}\\.br\\${data.toString('base64').slice(4)}`),
    );
    assert.deepEqual(bytes(lines), data);
    const text = await new ResultsRun().send(report(data).replace(data.toString('base64'), 'not base64!'));
    assert.deepEqual([text.binaries[0]?.contentType, String(bytes(text))], ['text/plain', 'not base64!']);
    const ascii = await new ResultsRun().send(report(data, 'A', 'TEXT^PLAIN').replace(data.toString('base64'), 'plain words'));
    assert.equal(String(bytes(ascii)), 'plain words');
    const none = await new ResultsRun().send(report(Buffer.alloc(0)));
    assert.deepEqual([none.binaries.length, none.observation.status], [0, 'final']);
  });

  it('fetches a large body, and reads it like any other', async () => {
    const message = report(pdf(300_000));
    const inline = await new ResultsRun().send(message);
    const large = new ResultsRun();
    const { ref } = await large.blob.put(Buffer.from(message));
    await large.send({ ...large.record(message), raw: null, blobRef: ref });
    assert.deepEqual(large.outcome(), inline.outcome());
  });

  it('puts the patient and the visit only where ADT has not written them, before or after', async () => {
    const result = oru({ at: '202605011000', pid: { 5: 'Lab^Name' }, orders: [{ results: [{}] }] });
    const admission = adt({ event: 'A01', at: '202605010900', place: '4W^401^A', pid: { 5: 'Adt^Name' } });
    for (const labFirst of [true, false]) {
      const visit = new PatientRun();
      if (!labFirst) await visit.send(admission);
      const lab = new ResultsRun({}, visit.tables, visit.patientId);
      await lab.send(result);
      if (labFirst) {
        assert.deepEqual([visit.patient.name?.[0]?.family, visit.patient.meta?.versionId, visit.encounter.status], ['Lab', '0', 'unknown']);
        await visit.send(admission);
      }
      assert.deepEqual(
        [visit.patient.name?.[0]?.family, visit.patient.meta?.versionId, visit.encounter.status],
        ['Adt', '1', 'in-progress'],
      );
      assert.equal(lab.observation.encounter?.reference, `Encounter/${visit.encounter.id}`);
    }
  });

  it('runs on the engine: rows and outbox in one transaction, again after a restart', async () => {
    const driver = await TestDriver.start(labResults({ blob: memoryBlob() }), { source: topics.oru });
    const run = new ResultsRun({}, undefined, 'patient-a');
    const send = async (text: string) => {
      const value = run.record(text);
      await driver.send({ key: 'patient-a', value, eventId: value.eventId });
    };
    await send(oru({ at: '202605011000', id: 'p', orders: [{ status: 'P', results: [{ value: '1.0', status: 'P' }] }] }));
    await driver.restart();
    await send(oru({ at: '202605011100', id: 'f', orders: [{ results: [{ value: '2.50' }] }] }));
    await send(oru({ at: '202605011030', id: 'late', orders: [{ status: 'P', results: [{ value: '3', status: 'P' }] }] }));
    await send(oru({ at: '202605011100', id: 'f2', orders: [{ results: [{ value: '2.50' }] }] }));
    const bodies = driver.rows(fhirResource).map((row) => row.body as string);
    assert.match(bodies.find((body) => body.includes('"Observation"')) ?? '', /"value":2\.50/);
    assert.equal((JSON.parse(bodies.find((body) => body.startsWith('{"resourceType":"Patient"')) ?? '{}') as Patient).id, 'patient-a');
    assert.deepEqual(
      driver.rows(timelineEvent).map((row) => row.message_id),
      ['p', 'f', 'late'],
    );
    assert.deepEqual(
      (await driver.emitted(topics.timeline)).map((each) => each.value.messageId),
      ['p', 'f', 'late'],
    );
    assert.deepEqual(await driver.held(), []);
    await driver.stop();
  });
});
