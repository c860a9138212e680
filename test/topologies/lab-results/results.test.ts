import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { structureProblems } from '../../fhir/structure.ts';
import { type ObrText, type ObxText, oru } from './messages.ts';
import { ResultsRun } from './run.ts';

const at = (time: string, order: Partial<ObrText>, id?: string) =>
  oru({ at: time, ...(id ? { id } : {}), orders: [{ results: [{}], ...order }] });
const one = (time: string, obx: ObxText, order: Partial<ObrText> = {}) => at(time, { ...order, results: [obx] });
const run = (...messages: string[]) => new ResultsRun().send(...messages);

describe('a result', () => {
  it('goes from preliminary to final, and counts a version each', async () => {
    const lab = await run(
      one('202605011000', { value: '14', status: 'P' }, { status: 'P' }),
      one('202605011100', { value: '14.2', status: 'F' }, { status: 'F' }),
    );
    assert.deepEqual([lab.observation.status, lab.observation.valueQuantity?.value], ['final', 14.2]);
    assert.deepEqual([lab.report.status, lab.report.meta?.versionId, lab.observation.meta?.versionId], ['final', '2', '2']);
    assert.deepEqual(lab.report.result, [{ reference: `Observation/${lab.observation.id}` }]);
    assert.deepEqual(
      lab.timeline.map((row) => row.type),
      ['Result', 'Result'],
    );
  });

  it('is not overwritten by an older report, nor by a preliminary one that is sent later', async () => {
    const final = one('202605011100', { value: '14.2' });
    for (const late of [
      one('202605011000', { value: '99' }),
      one('202605011200', { value: '99', status: 'P' }, { status: 'P' }),
      one('202605011200', { value: '99' }, { changed: '202605010800' }),
    ]) {
      const lab = await run(final, late);
      assert.equal(lab.observation.valueQuantity?.value, 14.2);
      assert.equal(lab.report.status, 'final');
      assert.equal(lab.timeline.length, 2, 'it is history all the same');
      assert.deepEqual((await run(late, final)).observation.valueQuantity, lab.observation.valueQuantity);
    }
  });

  it('goes by OBR-22 before MSH-7', async () => {
    const lab = await run(
      one('202605011200', { value: '1' }, { changed: '202605011100' }),
      one('202605011130', { value: '2' }, { changed: '202605011115' }),
    );
    assert.equal(lab.observation.valueQuantity?.value, 2);
  });

  it('is corrected (C), cancelled (X) and deleted (D, W)', async () => {
    const first = one('202605011000', { value: '14' });
    const corrected = await run(first, one('202605011100', { value: '15', status: 'C' }, { status: 'C' }));
    assert.deepEqual(
      [corrected.observation.status, corrected.observation.valueQuantity?.value, corrected.report.status],
      ['corrected', 15, 'corrected'],
    );
    const cancelled = await run(first, one('202605011100', { value: '', status: 'X' }, { status: 'X' }));
    assert.deepEqual(
      [cancelled.observation.status, cancelled.observation.valueQuantity, cancelled.report.status],
      ['cancelled', undefined, 'cancelled'],
    );
    assert.equal(cancelled.observation.dataAbsentReason?.text, 'cannot-be-obtained');
    assert.equal(cancelled.observation._status?.extension[0]?.valueCodeableConcept?.coding?.[0]?.code, 'X');
    for (const status of ['D', 'W']) {
      const deleted = await run(first, one('202605011100', { value: '14', status }));
      assert.equal(deleted.observation.status, 'entered-in-error');
    }
  });

  it('becomes final by U without its value, whichever comes first', async () => {
    const preliminary = one('202605011000', { type: 'TX', value: 'No fracture.', status: 'P' }, { status: 'P' });
    const final = one('202605011100', { type: 'TX', value: '', status: 'U' }, { status: 'F' });
    for (const order of [
      [preliminary, final],
      [final, preliminary],
    ]) {
      const lab = await run(...order);
      assert.deepEqual([lab.observation.status, lab.observation.valueString], ['final', 'No fracture.']);
    }
    // Verified: what is final stays as it is.
    const verified = await run(one('202605011000', { value: '14' }), one('202605011100', { value: '', status: 'V' }));
    assert.deepEqual([verified.observation.status, verified.observation.valueQuantity?.value], ['final', 14]);
  });

  it('keeps the report’s other results when only one is sent again', async () => {
    const both: ObxText[] = [{}, { code: '4544-3^Hematocrit^LN', value: '42' }];
    const lab = await run(at('202605011000', { results: both }), one('202605011100', { value: '13.9', status: 'C' }, { status: 'C' }));
    assert.equal(lab.report.result?.length, 2);
    assert.deepEqual(lab.observations.map((each) => each.status).sort(), ['corrected', 'final']);
  });

  it('is another one for another sub-id, order, service or parent result', async () => {
    const same = { results: [{}] };
    const lab = await run(
      at('202605011000', { results: [{ fields: { 4: '1' } }, { fields: { 4: '2' } }, {}, {}] }),
      at('202605011001', { ...same, filler: 'F200' }),
      at('202605011002', { ...same, code: 'BMP^Basic^L' }),
      at('202605011003', { ...same, fields: { 26: 'ORG&Organism^1' } }),
      at('202605011004', { ...same, fields: { 26: 'ORG&Organism^2' } }),
    );
    assert.equal(lab.observations.length, 8);
    assert.equal(lab.reports.length, 5);
  });

  it('is found by filler, placer and group number', async () => {
    const lab = await run(at('202605011000', { placer: 'P1^EHR', filler: 'F1^LIS^1.2.3^ISO', orc: { 4: 'G1&EHR' } }));
    assert.deepEqual(
      lab.report.identifier?.map((each) => [each.type?.coding?.[0]?.code, each.system, each.value]),
      [
        ['PLAC', 'urn:id:EHR', 'P1'],
        ['FILL', 'urn:oid:1.2.3', 'F1'],
        ['PGN', 'urn:id:EHR', 'G1'],
      ],
    );
    assert.equal(lab.report.basedOn?.[0]?.identifier?.value, 'P1');
    const orc = await run(at('202605011000', { placer: 'P1', filler: '', orc: { 2: 'P9', 3: 'F9^LIS' } }));
    assert.deepEqual(
      orc.report.identifier?.map((each) => each.value),
      ['P9', 'F9'],
    );
  });

  it('takes its place between two reports without numbers by service and time', async () => {
    const bare = { filler: '', results: [{}] };
    const lab = await run(
      at('202605011000', bare),
      at('202605011100', { ...bare, results: [{ value: '15' }] }),
      at('202605011200', { ...bare, at: '202605011150' }),
    );
    assert.equal(lab.reports.length, 2);
  });

  it('is one text where a narrative comes a line an OBX', async () => {
    const line = (value: string): ObxText => ({ type: 'TX', code: 'IMP^Impression^L', value });
    const lab = await run(
      at('202605011000', {
        results: [line('Lungs clear.'), line(''), line('No effusion.'), { type: 'ST', code: 'IMP^Impression^L', value: 'x' }],
      }),
    );
    assert.deepEqual(
      lab.observations.map((each) => each.valueString),
      ['Lungs clear.\n\nNo effusion.', 'x'],
    );
  });

  it('has the status of its order where OBX-11 is empty', async () => {
    const lab = await run(one('202605011000', { status: '' }, { status: 'P' }));
    assert.equal(lab.observation.status, 'preliminary');
    assert.equal((await run(one('202605011000', { status: '' }, { status: '' }))).observation.status, 'unknown');
  });

  it('gives the report a status where OBR-25 is empty', async () => {
    const status = async (...statuses: string[]) =>
      (await run(at('202605011000', { status: '', results: statuses.map((each, n) => ({ code: `c${n}`, status: each })) }))).report.status;
    assert.equal(await status('F', 'F'), 'final');
    assert.equal(await status('F', 'P'), 'preliminary');
    assert.equal(await status('F', 'C'), 'corrected');
    assert.equal(await status('X', 'X'), 'cancelled');
    assert.equal(await status('X', 'F'), 'final');
    assert.equal(await status('F', 'I'), 'partial');
    assert.equal(await status('I'), 'registered');
    assert.equal(await status('W'), 'entered-in-error');
    assert.equal(await status(), 'unknown');
  });

  it('refers to its specimen: SPM, or OBR-15 of old senders', async () => {
    const lab = await run(at('202605011000', { spm: [{ 2: 'S1&EHR^S2&LIS', 4: 'BLD', 17: '202605010800' }] }));
    const [specimen] = lab.specimens;
    assert.deepEqual(lab.observation.specimen, { reference: `Specimen/${specimen?.id}` });
    assert.deepEqual(lab.report.specimen, [{ reference: `Specimen/${specimen?.id}` }]);
    assert.equal(specimen?.collection?.collectedDateTime, '2026-05-01T08:00:00+00:00');
    const old = await run(at('202605011000', { fields: { 15: 'BLD&Blood&HL70070^^^LA&Left arm' } }));
    assert.equal(old.specimens[0]?.type?.coding?.[0]?.code, 'BLD');
    const two = await run(at('202605011000', { spm: [{ 2: 'A' }, { 2: 'B' }] }));
    assert.deepEqual([two.specimens.length, two.observation.specimen], [2, undefined]);
  });

  it('makes sound resources of everything', async () => {
    const lab = await run(
      at('202605011000', {
        placer: 'P1^EHR',
        spm: [{ 2: 'S1^S2', 4: 'BLD' }],
        changed: '20260501100000',
        fields: { 8: '202605010930', 32: 'D1&Welby&Marcus', 34: 'T1&Tech' },
        results: [
          { fields: { 7: '12.0-16.0', 8: 'H~A', 16: 'D1^Welby', 23: 'Gen Lab', 25: 'D2^House' }, notes: ['a', 'b'] },
          { type: 'CWE', value: '260385009^Negative^SCT' },
          { type: 'SN', value: '<^5' },
          { type: 'ED', code: 'PDF', value: `^application^pdf^Base64^${Buffer.from('%PDF-1').toString('base64')}` },
        ],
      }),
    );
    for (const type of ['Patient', 'Encounter', 'Observation', 'DiagnosticReport', 'Specimen', 'Binary'])
      for (const resource of lab.resources<{ resourceType: string; id?: string }>(type)) assert.deepEqual(structureProblems(resource), []);
  });

  it('refuses a status that the map makes an error, and results of two patients', async () => {
    const lab = new ResultsRun();
    const good = lab.record(at('202605011000', {}));
    const raw = (change: (text: string) => string) => ({ ...good, raw: Buffer.from(change(String(good.raw))) });
    for (const code of ['Y', 'Z'])
      await assert.rejects(() => lab.send(raw((text) => text.replace('|HM|F', `|HM|${code}`))), {
        code: 'AORTA_FHIR_002',
        class: 'Permanent',
      });
    await assert.rejects(() => lab.send(raw((text) => `${text}PID|2||M2^^^GENHOSP\rOBR|2||F9|X\r`)), {
      code: 'AORTA_FHIR_003',
      class: 'Permanent',
    });
  });
});
