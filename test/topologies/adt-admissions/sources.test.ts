import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Hl7Adt } from '../../../schemas/generated/hl7-adt.ts';
import { atOnce, createSources, parse, type SourceProfile, type Sources } from '../../../src/hl7/index.ts';
import { judgeSample } from '../../../src/ingress/index.ts';
import marien from '../../sources/marien.ts';
import { adt } from './messages.ts';
import { PatientRun } from './run.ts';

const sample = readFileSync(join(import.meta.dirname, '../../sources/marien/transfer-as-update.hl7'));
const sourcesOf = (...versions: SourceProfile[]): Sources => createSources([{ file: 'sources/x.ts', versions }]);
const url = (name: string) => `https://marien.example/fhir/StructureDefinition/${name}`;

/** The record as ingress makes it under these profiles. */
function taken(bytes: Buffer, sources: Sources): Hl7Adt {
  const message = parse(bytes, sources.parsing);
  const { accepted, reading } = atOnce(judgeSample(message, sources, { zone: 'UTC', identifierSystems: {} }));
  assert.ok(accepted);
  const { event, occurredAt, sender, controlId } = accepted;
  const { profile } = reading;
  return {
    eventId: `${sender}/${controlId}`,
    patientId: '01JTESTPATIENT000000000000',
    receivedAt: 0,
    charset: message.charset.name,
    raw: bytes,
    blobRef: null,
    size: bytes.length,
    ...{ sender, controlId, event, occurredAt, profile },
  };
}

describe('A sender with a profile', () => {
  it('is read by the flow as ingress read it: event, zone, charset, systems, fields and Z-segments', async () => {
    const sources = sourcesOf(marien);
    const run = await new PatientRun({ sources }).send(taken(sample, sources));
    assert.deepEqual(
      run.patient.identifier?.map(({ system, value, type }) => [system, value, type?.coding?.[0]?.code]),
      [
        ['urn:oid:2.16.840.1.113883.2.16.1.77', '4711', 'MR'],
        ['urn:oid:2.16.840.1.113883.2.16.1.78', '99', 'MR'],
      ],
    );
    assert.equal(run.patient.name?.[0]?.family, 'Müller–Škoda');
    assert.deepEqual(run.patient.extension, [{ url: url('insurance-class'), valueCode: '2' }]);
    const { encounter } = run;
    assert.ok(encounter.identifier?.some(({ system, value }) => system === 'https://marien.example/case' && value === 'F-77001'));
    assert.equal(encounter.class.code, 'IMP');
    assert.equal(encounter.location?.at(-1)?.period?.start, '2026-07-04T22:15:00+02:00');
    assert.deepEqual(
      encounter.extension?.filter((each) => each.url.startsWith('https://marien')),
      [
        { url: url('movement-id'), valueString: '9001' },
        { url: url('movement-start'), valueDateTime: '2026-07-04T22:15:00+02:00' },
      ],
    );
    assert.deepEqual(
      run.emitted.map(({ type, bed }) => [type, bed]),
      [['Transfer', '2']],
    );
  });

  it('deletes an extension when told to, leaves it when nothing is said, and takes a newer value', async () => {
    const sources = sourcesOf({
      name: 'x',
      version: 1,
      sender: { application: 'ADT1', facility: '*' },
      segments: {
        ZIN: {
          extensions: [
            { from: 'ZIN-1', of: 'Patient', url: 'urn:x:class', type: 'code' },
            { from: 'ZIN-2', of: 'Encounter', url: 'urn:x:since', type: 'dateTime' },
          ],
        },
      },
    });
    const run = new PatientRun({ sources });
    const said = async (n: number, zin: string) => {
      await run.send(taken(Buffer.from(adt({ event: n === 1 ? 'A01' : 'A08', at: `2026050108${10 + n}`, more: [zin] })), sources));
      const own = (list: readonly { url: string }[] = []) => list.filter((each) => each.url.startsWith('urn:x:'));
      return [own(run.patient.extension), own(run.encounter.extension)];
    };
    const since = { url: 'urn:x:since', valueDateTime: '2026-05-01T08:00:00+00:00' };
    assert.deepEqual(await said(1, 'ZIN|1|202605010800'), [[{ url: 'urn:x:class', valueCode: '1' }], [since]]);
    assert.deepEqual(await said(2, 'ZIN||soon'), [[{ url: 'urn:x:class', valueCode: '1' }], [since]]);
    assert.deepEqual(await said(3, 'ZIN|2|""'), [[{ url: 'urn:x:class', valueCode: '2' }], []]);
    assert.deepEqual(await said(4, 'ZIN|""'), [[], []]);
  });

  it('has times in its own zone, also the summer’s in a message of winter', async () => {
    const sources = sourcesOf({ name: 'x', version: 1, sender: { application: '*', facility: '*' }, zone: 'Europe/Vienna' });
    const message = adt({ event: 'A03', at: '202611020900', place: 'A^1^1', pv1: { 44: '20260701120000', 45: '202611020900' } });
    const run = await new PatientRun({ sources, zone: 'America/Denver' }).send(taken(Buffer.from(message), sources));
    assert.deepEqual(run.encounter.period, { start: '2026-07-01T12:00:00+02:00', end: '2026-11-02T09:00:00+01:00' });
  });
});

describe('A record from before its profile changed', () => {
  const before: SourceProfile = { name: 'x', version: 1, sender: { application: 'ADT1', facility: '*' } };
  const after: SourceProfile = { ...before, version: 2, fields: [{ copy: 'PV1-50', to: 'PV1-19' }] };
  const message = Buffer.from(adt({ event: 'A01', at: '202605010800', place: 'A^1^1', pv1: { 50: 'F9' } }));
  const visitOf = async (record: Hl7Adt, sources: Sources) =>
    (await new PatientRun({ sources }).send(record)).encounter.identifier?.find(({ type }) => type?.coding?.[0]?.code === 'VN')?.value ??
    'none';

  it('is read by the version that it came under while that is there, else by the newest; without a profile by the defaults', async () => {
    const old = taken(message, sourcesOf(before));
    assert.equal(old.profile, 'x@1');
    const [kept, replaced] = [sourcesOf(after, before), sourcesOf(after)];
    const numbers = [await visitOf(old, kept), await visitOf(old, replaced), await visitOf(taken(message, kept), kept)];
    const unmarked = await visitOf({ ...old, profile: null }, replaced);
    assert.deepEqual([...numbers, unmarked], ['V1', 'F9', 'F9', 'V1']);
  });
});
