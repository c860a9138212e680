import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decimal, parseExact } from '../../../src/fhir/v2/decimal.ts';
import { observationFrom, observationStatus } from '../../../src/fhir/v2/observation.ts';
import { isUnmappable, reportStatus } from '../../../src/fhir/v2/report.ts';
import { interpretationCodes, natureOfAbnormalTesting, observationResultStatus, resultStatus } from '../../../src/fhir/v2/tables/index.ts';
import { structureProblems } from '../structure.ts';
import { factsOf, segment } from './facts.ts';

const ctx = { zone: 'UTC' };
const observation = (obx: Record<number, string>, order: Record<number, string> = {}) => {
  const facts = factsOf(segment('OBX', { 3: '718-7^Hemoglobin^LN', 11: 'F', ...obx }));
  const orderFacts = Object.keys(order).length > 0 ? factsOf(segment('OBR', order)) : {};
  const made = observationFrom(
    { id: 'o1', patientId: 'p1', encounterId: undefined, facts, order: orderFacts, notes: [], specimenId: undefined, attachments: [] },
    ctx,
  );
  // As it is stored: decimals keep their digits.
  assert.deepEqual(structureProblems(parseExact(JSON.stringify(made))), []);
  return JSON.parse(JSON.stringify(made)) as typeof made;
};
const value = (type: string, text: string, unit = '') => {
  const made = observation({ 2: type, 5: text, ...(unit ? { 6: unit } : {}) });
  return Object.fromEntries(Object.entries(made).filter(([name]) => /^value|^component/.test(name)));
};
const unit = { unit: 'mmol/L', system: 'http://unitsofmeasure.org', code: 'mmol/L' };
const original = (text: string) => ({ extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/originalText', valueString: text }] });

describe('OBX-5 → value[x]', () => {
  it('NM: a quantity with its unit; a comparator is one; what is no number is text', () => {
    assert.deepEqual(value('NM', '5.4', 'mmol/L^^UCUM'), { valueQuantity: { value: 5.4, ...unit } });
    assert.deepEqual(value('NM', '5', 'mg'), { valueQuantity: { value: 5, unit: 'mg' } });
    assert.deepEqual(value('NM', '5', '^milligram'), { valueQuantity: { value: 5, unit: 'milligram' } });
    assert.deepEqual(value('NM', '<0.05'), { valueQuantity: { value: 0.05, comparator: '<' } });
    assert.deepEqual(value('NM', '>= 100'), { valueQuantity: { value: 100, comparator: '>=' } });
    for (const text of ['POS', '1,5', '1e5', '12-15', '++']) assert.deepEqual(value('NM', text), { valueString: text });
  });

  it('keeps the digits of a number', () => {
    for (const [sent, stored] of [
      ['5.40', '5.40'],
      ['+5', '5'],
      ['005', '5'],
      ['.50', '0.50'],
      ['-0.0', '-0.0'],
      ['12345678901234567890.10', '12345678901234567890.10'],
    ]) {
      assert.equal(JSON.stringify(decimal(sent)), stored);
      assert.equal(JSON.stringify(parseExact(`{"value":${stored}}`)), `{"value":${stored}}`);
    }
    assert.equal(JSON.stringify(parseExact('{"a":"5.40 text","b":[1,2.5,true,null]}')), '{"a":"5.40 text","b":[1,2.5,true,null]}');
  });

  it('SN: quantity, ratio, range, else text, by rows 19 to 24', () => {
    const u = 'mmol/L^^UCUM';
    assert.deepEqual(value('SN', '>^100', u), { valueQuantity: { value: 100, comparator: '>', ...unit } });
    assert.deepEqual(value('SN', '=^5', u), { valueQuantity: { value: 5, ...unit } });
    assert.deepEqual(value('SN', '^5', u), { valueQuantity: { value: 5, ...unit } });
    for (const sign of [':', '/'])
      assert.deepEqual(value('SN', `^1^${sign}^128`), {
        valueRatio: { ...original(`1 ${sign} 128`), numerator: { value: 1 }, denominator: { value: 128 } },
      });
    assert.deepEqual(value('SN', '<^1^:^2'), {
      valueRatio: { ...original('< 1 : 2'), numerator: { value: 1, comparator: '<' }, denominator: { value: 2 } },
    });
    assert.deepEqual(value('SN', '^3^-^5', u), {
      valueRange: { ...original('3 - 5'), low: { value: 3, ...unit }, high: { value: 5, ...unit } },
    });
    assert.deepEqual(value('SN', '<>^5', u), { valueString: '<> 5 mmol/L' });
    assert.deepEqual(value('SN', '^2^+'), { valueString: '2 +' });
    assert.deepEqual(value('SN', '^1^:'), { valueString: '1 :' });
    assert.deepEqual(value('SN', '>^high'), { valueString: '> high' });
  });

  it('ST, TX, FT: text, with what senders leave unescaped; repetitions of TX and FT are its lines', () => {
    assert.deepEqual(value('ST', 'A^B&C'), { valueString: 'A^B&C' });
    assert.deepEqual(value('TX', 'one~two~~four'), { valueString: 'one\ntwo\n\nfour' });
    assert.deepEqual(value('FT', 'one\\.br\\two'), { valueString: 'one\ntwo' });
    assert.deepEqual(value('ST', '""'), {});
  });

  it('CE, CWE, CNE, CF, IS: a concept with all its codings', () => {
    for (const type of ['CE', 'CWE', 'CNE', 'CF']) {
      assert.deepEqual(value(type, '260385009^Negative^SCT^NEG^Neg.^L'), {
        valueCodeableConcept: {
          coding: [
            { system: 'http://snomed.info/sct', code: '260385009', display: 'Negative' },
            { system: 'urn:id:L', code: 'NEG', display: 'Neg.' },
          ],
          text: 'Negative',
        },
      });
    }
    assert.deepEqual(value('IS', 'POS'), { valueCodeableConcept: { coding: [{ code: 'POS' }] } });
  });

  it('DT, DTM, TS, TM, DR, NR, VR, RP; an impossible date is text', () => {
    for (const type of ['DT', 'DTM', 'TS']) assert.deepEqual(value(type, '20260501'), { valueDateTime: '2026-05-01' });
    assert.deepEqual(value('DTM', '202605011030+0200'), { valueDateTime: '2026-05-01T10:30:00+02:00' });
    assert.deepEqual(value('TS', '20260230'), { valueString: '20260230' });
    assert.deepEqual(value('TM', '1030'), { valueTime: '10:30:00' });
    assert.deepEqual(value('TM', '103015.5'), { valueTime: '10:30:15.5' });
    assert.deepEqual(value('TM', '1030+0200'), { valueString: '1030+0200' });
    assert.deepEqual(value('DR', '20260501^20260503'), { valuePeriod: { start: '2026-05-01', end: '2026-05-03' } });
    assert.deepEqual(value('NR', '3^5', 'mg'), { valueRange: { low: { value: 3, unit: 'mg' }, high: { value: 5, unit: 'mg' } } });
    assert.deepEqual(value('VR', '3^5'), { valueString: '3-5' });
    const pointer = observation({ 2: 'RP', 5: 'https://pacs.example/1^^application^pdf' });
    assert.deepEqual(JSON.parse(JSON.stringify(pointer.extension)), [
      {
        url: 'https://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.valueAttachment',
        valueAttachment: { contentType: 'application/pdf', url: 'https://pacs.example/1' },
      },
    ]);
  });

  it('types without a map, and none, are text', () => {
    for (const type of ['EI', 'CX', 'XYZ', '']) assert.deepEqual(value(type, '1^2^3'), { valueString: '1^2^3' });
  });

  it('NA and MA: rows of numbers are sampled data of unknown period', () => {
    const sampled = (type: string, text: string) => observation({ 2: type, 5: text, 6: 'mV' }).valueSampledData;
    const { _period, ...single } = sampled('NA', '1^-2.50^^3') ?? { _period: undefined };
    assert.deepEqual(single, { origin: { value: 0, unit: 'mV' }, dimensions: 1, data: '1 -2.50 E 3' });
    assert.equal(_period?.extension[0]?.valueCode, 'unknown');
    assert.deepEqual([sampled('NA', '1^2^3~4^5^6')?.dimensions, sampled('NA', '1^2^3~4^5^6')?.data], [2, '1 4 2 5 3 6']);
    assert.deepEqual([sampled('MA', '1^4~2^5~3^6')?.dimensions, sampled('MA', '1^4~2^5~3^6')?.data], [2, '1 4 2 5 3 6']);
    for (const odd of ['1^x', '1^2~3']) assert.equal(sampled('NA', odd), undefined, 'kept as text');
  });

  it('repetitions are components', () => {
    const { component } = observation({ 2: 'CWE', 5: 'A^a^L~B^b^L' });
    assert.deepEqual(
      component?.map((each) => [each.code.coding?.[0]?.code, each.valueCodeableConcept?.coding?.[0]?.code]),
      [
        ['718-7', 'A'],
        ['718-7', 'B'],
      ],
    );
  });
});

describe('OBX → Observation', () => {
  it('OBX-7: text always; low and high where it plainly says them of a number', () => {
    const range = (text: string, type = 'NM') => observation({ 2: type, 5: '5', 6: 'mg', 7: text }).referenceRange?.[0];
    assert.deepEqual(range('3.5-5.5'), { low: { value: 3.5, unit: 'mg' }, high: { value: 5.5, unit: 'mg' }, text: '3.5-5.5' });
    assert.deepEqual(range('-3 - 5'), { low: { value: -3, unit: 'mg' }, high: { value: 5, unit: 'mg' }, text: '-3 - 5' });
    assert.deepEqual(range('<5'), { high: { value: 5, unit: 'mg' }, text: '<5' });
    assert.deepEqual(range('>=90'), { low: { value: 90, unit: 'mg' }, text: '>=90' });
    for (const text of ['up to 5', '≤ 5', '=< 5', '<5mg', '< 5 mg'])
      assert.deepEqual(range(text), { high: { value: 5, unit: 'mg' }, text }, text);
    for (const text of ['≥90', 'more than 90', '90+', '(>90)'])
      assert.deepEqual(range(text), { low: { value: 90, unit: 'mg' }, text }, text);
    for (const text of ['[3-5]', '3 to 5', '3 – 5 mg', '3..5'])
      assert.deepEqual(range(text), { low: { value: 3, unit: 'mg' }, high: { value: 5, unit: 'mg' }, text }, text);
    for (const text of ['negative', 'neg', '3-5 (adults)', '1.2.3-4', '3,5-5,1', 'M:3-5 F:2-4', '5-3', '<5 IU', '-'])
      assert.deepEqual(range(text), { text });
    assert.deepEqual(range('3-5', 'ST'), { text: '3-5' });
  });

  it('OBX-8, 10, 11: by every row of the maps', () => {
    for (const [code, row] of Object.entries(interpretationCodes)) {
      const [first] = observation({ 8: code }).interpretation ?? [];
      assert.deepEqual([first?.coding?.[0]?.code, first?.coding?.[0]?.system], [row.code, row.system], row.row);
    }
    assert.deepEqual(
      observation({ 8: 'H~XX' }).interpretation?.map((each) => each.coding?.[0]?.system),
      ['http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation', 'http://terminology.hl7.org/CodeSystem/v2-0078'],
    );
    for (const [code, row] of Object.entries(natureOfAbnormalTesting))
      assert.equal(observation({ 10: code }).extension?.length, 1, row.row);
    for (const [code, row] of Object.entries(observationResultStatus)) assert.equal(observationStatus(code), row.code, row.row);
    const beyond = Object.entries({
      B: 'amended',
      I: 'registered',
      N: 'cancelled',
      O: 'registered',
      R: 'preliminary',
      S: 'preliminary',
      U: 'final',
      V: 'final',
      '?': 'unknown',
    });
    for (const [code, status] of beyond) assert.equal(observation({ 11: code }).status, status);
    assert.equal(observation({ 11: 'N' }).dataAbsentReason?.coding?.[0]?.code, 'not-asked');
  });

  it('OBR-25: by every row of the map; Y and Z are errors', () => {
    for (const [code, row] of Object.entries(resultStatus)) assert.equal(reportStatus(code), row.code, row.row);
    for (const [code, status] of Object.entries({ A: 'partial', M: 'preliminary', N: 'registered', Q: 'unknown' }))
      assert.equal(reportStatus(code), status);
    for (const code of ['Y', 'Z']) assert.deepEqual([reportStatus(code), isUnmappable(code)], [undefined, true]);
  });

  it('OBX-14, else OBR-7 and 8; with the offset given', () => {
    assert.equal(observation({ 14: '202605011030-0500' }, { 7: '20260101' }).effectiveDateTime, '2026-05-01T10:30:00-05:00');
    assert.equal(observation({}, { 7: '202605010900' }).effectiveDateTime, '2026-05-01T09:00:00+00:00');
    assert.deepEqual(observation({}, { 7: '202605010900', 8: '202605010930' }).effectivePeriod, {
      start: '2026-05-01T09:00:00+00:00',
      end: '2026-05-01T09:30:00+00:00',
    });
  });

  it('OBX-15, 16, 23, 24, 25: performers in their roles', () => {
    const lab = { 23: 'Gen Lab^L^^^^CLIA&1.2&ISO^XX^^^05D', 24: 'Weg 1^^Bern', 16: 'D1^Welby^Marcus^^^Dr' };
    const plain = observation({ ...lab, 15: 'P1^Producer^L' });
    assert.deepEqual(
      plain.performer?.map((each) => [each.reference, each.type, each.display]),
      [
        ['#observer', 'PractitionerRole', 'Dr Marcus Welby'],
        ['#organization', 'Organization', 'Gen Lab'],
        [undefined, 'Organization', 'Producer'],
      ],
    );
    assert.deepEqual(
      plain.contained?.find((each) => each.id === 'organization'),
      {
        resourceType: 'Organization',
        id: 'organization',
        identifier: [
          {
            type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'XX', display: 'Organization identifier' }] },
            system: 'urn:oid:1.2',
            value: '05D',
            assigner: { display: 'CLIA' },
          },
        ],
        name: 'Gen Lab',
        address: [{ line: ['Weg 1'], city: 'Bern' }],
      },
    );
    const directed = observation({ ...lab, 25: 'D2^House' });
    assert.deepEqual(
      directed.performer?.map((each) => each.reference),
      ['#observer', '#medical-director'],
    );
    const director = directed.contained?.find((each) => each.id === 'medical-director');
    assert.deepEqual(director && 'organization' in director ? director.organization : undefined, { reference: '#organization' });
  });

  it('OBX-4, 17 to 21, 29, 30, 33, OBR-24', () => {
    const made = observation(
      {
        4: '1.2',
        17: 'M^Method^L',
        18: 'DEV1^LAB',
        19: '202605011000',
        20: 'LA^Left arm^L',
        21: 'I1^LIS',
        29: 'RSLT',
        30: 'ST',
        33: 'S1&A^S2&B',
      },
      { 24: 'MB' },
    );
    assert.deepEqual(
      made.extension?.map(({ url }) => url.split('/').at(-1)),
      ['observation-v2-subid', 'observation-analysis-date-time', 'observation-structure-type'],
    );
    assert.deepEqual([made.method?.text, made.bodySite?.text, made.device?.identifier?.value], ['Method', 'Left arm', 'DEV1']);
    assert.deepEqual([made.identifier?.[0]?.value, made.identifier?.[0]?.type?.coding?.[0]?.code], ['I1', 'FILL']);
    assert.equal(made.specimen?.identifier?.value, 'S2');
    assert.deepEqual(
      made.category?.map((each) => each.coding?.[0]?.code),
      ['RSLT', 'laboratory'],
    );
    assert.equal(observation({}, { 24: 'CT' }).category?.[0]?.coding?.[0]?.code, 'imaging');
    assert.equal(observation({}, { 24: 'OTH' }).category, undefined);
    assert.equal(observation({ 3: '""' }).code.coding?.[0]?.code, 'UNK');
  });
});
