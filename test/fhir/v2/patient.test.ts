import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { patientFrom } from '../../../src/fhir/v2/patient.ts';
import { administrativeSex, maritalStatus } from '../../../src/fhir/v2/tables/index.ts';
import { structureProblems } from '../structure.ts';
import { factsOf, segment } from './facts.ts';

const ctx = { zone: 'Europe/Zurich' };
const patient = (pid: Record<number, string>, pd1?: Record<number, string>) => {
  const resource = patientFrom('p1', factsOf(segment('PID', pid), ...(pd1 ? [segment('PD1', pd1)] : [])), ctx);
  assert.deepEqual(structureProblems(resource), []);
  return resource;
};

describe('PID → Patient', () => {
  it('PID-2, 3, 4: every repetition with system, type, check digit and period', () => {
    const { identifier } = patient({
      2: 'EXT1',
      3: 'M1^7^M10^GENHOSP^MR^^20200101^20301231~7^^^LAB&1.2.3&ISO^PI~U^^^&urn:x:y&URI~D^^^D&6F9619FF-8B86-D011-B42D-00CF4FC964FF&UUID~X^^^GENHOSP^ZZ~^^^EMPTY',
      4: 'ALT1^^^CLINIC^PT',
    });
    assert.deepEqual(identifier, [
      {
        extension: [
          { url: 'http://hl7.org/fhir/StructureDefinition/identifier-checkDigit', valueString: '7' },
          { url: 'http://hl7.org/fhir/StructureDefinition/namingsystem-checkDigit', valueString: 'M10' },
        ],
        type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR', display: 'Medical record number' }] },
        system: 'urn:id:GENHOSP',
        value: 'M1',
        period: { start: '2020-01-01', end: '2030-12-31' },
        assigner: { display: 'GENHOSP' },
      },
      {
        type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'PI', display: 'Patient internal identifier' }] },
        system: 'urn:oid:1.2.3',
        value: '7',
        assigner: { display: 'LAB' },
      },
      { system: 'urn:x:y', value: 'U' },
      { system: 'urn:uuid:6f9619ff-8b86-d011-b42d-00cf4fc964ff', value: 'D', assigner: { display: 'D' } },
      { type: { text: 'ZZ' }, system: 'urn:id:GENHOSP', value: 'X', assigner: { display: 'GENHOSP' } },
      { value: 'EXT1' },
      {
        type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'PT', display: 'Patient external identifier' }] },
        system: 'urn:id:CLINIC',
        value: 'ALT1',
        assigner: { display: 'CLINIC' },
      },
    ]);
  });

  it('PID-19, 20: social security number and driver’s licence', () => {
    const { identifier } = patient({ 19: '123-45-6789', 20: 'DL9^CA^20301231' });
    assert.deepEqual(
      identifier?.map(({ type, system, value, period }) => [type?.coding?.[0]?.code, system, value, period?.end]),
      [
        ['SS', 'http://hl7.org/fhir/sid/us-ssn', '123456789', undefined],
        ['DL', 'urn:id:CA', 'DL9', '2030-12-31'],
      ],
    );
  });

  it('PID-5, 9: names with parts, use and validity', () => {
    const { name } = patient({
      5: 'van Gogh&van&Gogh^Vincent^Willem^III^Dr^PhD^L^^^^G^20200101^20211231^MD~Vinnie^^^^^^N',
      9: 'Ghost^The',
    });
    assert.deepEqual(name, [
      {
        use: 'official',
        extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/humanname-assembly-order', valueCode: 'G' }],
        family: 'van Gogh',
        _family: {
          extension: [
            { url: 'http://hl7.org/fhir/StructureDefinition/humanname-own-prefix', valueString: 'van' },
            { url: 'http://hl7.org/fhir/StructureDefinition/humanname-own-name', valueString: 'Gogh' },
          ],
        },
        given: ['Vincent', 'Willem'],
        prefix: ['Dr'],
        suffix: ['III', 'PhD', 'MD'],
        period: { start: '2020-01-01', end: '2021-12-31' },
      },
      { use: 'nickname', family: 'Vinnie' },
      { family: 'Ghost', given: ['The'] },
    ]);
  });

  it('PID-6, 23, 26, 28, 39, 17, PD1-6: extensions', () => {
    const { extension } = patient({ 6: 'Smith^Mary', 17: 'B', 23: 'Bern', 26: 'CHE^Swiss^ISO3166', 28: 'CHE' }, { 6: 'D' });
    assert.deepEqual(
      extension?.map((each) => each.url.split('/').at(-1)),
      [
        'patient-mothersMaidenName',
        'patient-religion',
        'patient-birthPlace',
        'patient-citizenship',
        'patient-nationality',
        'patient-disability',
      ],
    );
    assert.equal(extension?.[0]?.valueString, 'Mary Smith');
    assert.equal(extension?.[1]?.valueCodeableConcept?.coding?.[0]?.code, '1009');
    assert.deepEqual(extension?.[2]?.valueAddress, { text: 'Bern' });
  });

  it('PID-7: birth date as precise as it is; a time of birth is an extension', () => {
    assert.equal(patient({ 7: '1980' }).birthDate, '1980');
    assert.equal(patient({ 7: '198001' }).birthDate, '1980-01');
    const born = patient({ 7: '199007021530' });
    assert.equal(born.birthDate, '1990-07-02');
    assert.deepEqual(born._birthDate?.extension, [
      { url: 'http://hl7.org/fhir/StructureDefinition/patient-birthTime', valueDateTime: '1990-07-02T15:30:00+02:00' },
    ]);
    assert.equal(patient({ 7: '19800702' })._birthDate, undefined);
    assert.equal(patient({ 7: '19800702+0100' })._birthDate, undefined, 'an offset alone is no time');
  });

  it('PID-8: every row of the map; a local code is "other", never an invalid one', () => {
    for (const [code, row] of Object.entries(administrativeSex)) assert.equal(patient({ 8: code }).gender, row.code, row.row);
    assert.equal(patient({ 8: 'A' }).gender, 'other');
    assert.equal(patient({ 8: 'N' }).gender, 'other');
    assert.equal(patient({ 8: 'X' }).gender, 'other');
    assert.equal(patient({ 8: 'constructor' }).gender, 'other');
    assert.equal(patient({ 5: 'A^B' }).gender, undefined);
  });

  it('PID-11, 12: addresses; the county of a single address, else one of its own', () => {
    const { address } = patient({ 11: 'Weg 1&Weg&1^Hinterhaus^Bern^BE^3000^CHE^H^^^^^^20200101~Postfach 2^^Thun^^^^M', 12: 'Mittelland' });
    assert.deepEqual(address, [
      {
        use: 'home',
        line: ['Weg 1', 'Weg', '1', 'Hinterhaus'],
        city: 'Bern',
        state: 'BE',
        postalCode: '3000',
        country: 'CHE',
        period: { start: '2020-01-01' },
      },
      { type: 'postal', line: ['Postfach 2'], city: 'Thun' },
      { district: 'Mittelland' },
    ]);
    assert.deepEqual(patient({ 11: '^^Bern', 12: 'Mittelland' }).address, [{ city: 'Bern', district: 'Mittelland' }]);
    assert.deepEqual(patient({ 11: '^^Bern^^^^^^Emmental', 12: 'Emmental' }).address, [{ city: 'Bern', district: 'Emmental' }]);
    assert.deepEqual(patient({ 12: 'Mittelland' }).address, [{ district: 'Mittelland' }]);
  });

  it('PID-13, 14, 40: telecom with system, use and parts', () => {
    const { telecom } = patient({
      13: '044 111 22 33~^PRN^CP^^41^79^1112233~^NET^Internet^max@example.org',
      14: '^WPN^FX^^^44^1112244^5',
      40: '^^BP^^^^999^^^^^^20200101^20211231^^^^2',
    });
    assert.deepEqual(
      telecom?.map(({ extension: _pieces, ...point }) => point),
      [
        { system: 'phone', value: '044 111 22 33', use: 'home' },
        { system: 'phone', value: '+41 79 1112233', use: 'mobile' },
        { system: 'email', value: 'max@example.org' },
        { system: 'fax', value: '44 1112244 X5', use: 'work' },
        { system: 'pager', value: '999', period: { start: '2020-01-01', end: '2021-12-31' }, rank: 2 },
      ],
    );
    assert.deepEqual(
      telecom?.map(({ extension = [] }) => extension.map(({ url, valueString }) => `${url.split('-').at(-1)} ${valueString}`)),
      [[], ['country 41', 'area 79', 'local 1112233'], [], ['area 44', 'local 1112244', 'extension 5'], []],
      'a local number alone is the whole number',
    );
  });

  it('XPN.15: what the person is called is a nickname', () => {
    assert.deepEqual(patient({ 5: 'Muster^Maximilian^^^^^L^^^^^^^^Max' }).name, [
      { use: 'official', family: 'Muster', given: ['Maximilian'] },
      { use: 'nickname', given: ['Max'] },
    ]);
  });

  it('PID-35, 36: species and breed; a breed alone is no animal', () => {
    assert.deepEqual(
      patient({ 35: '448771007^Dog^SCT', 36: '132557008^Beagle^SCT' }).extension?.map((each) => each.extension?.map(({ url }) => url)),
      [['species', 'breed']],
    );
    assert.equal(patient({ 36: '132557008^Beagle^SCT' }).extension, undefined);
  });

  it('PID-15, 16: language and marital status by the map', () => {
    const spoken = patient({ 15: 'de-CH^Swiss German', 16: 'A' });
    assert.deepEqual(spoken.communication, [
      { language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'de-CH', display: 'Swiss German' }], text: 'Swiss German' } },
    ]);
    assert.deepEqual(spoken.maritalStatus?.coding, [
      { system: 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', code: 'L', display: 'Legally Separated' },
    ]);
    for (const [code, row] of Object.entries(maritalStatus))
      assert.equal(patient({ 16: code }).maritalStatus?.coding?.[0]?.code, row.code, row.row);
    assert.deepEqual(patient({ 16: 'A^Allein^99LOCAL' }).maritalStatus?.coding, [
      { system: 'urn:id:99LOCAL', code: 'A', display: 'Allein' },
    ]);
    assert.deepEqual(patient({ 16: 'Q' }).maritalStatus?.coding, [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0002', code: 'Q' }]);
  });

  it('PID-24, 25, 29, 30: multiple birth and death, the more precise one', () => {
    assert.equal(patient({ 24: 'Y' }).multipleBirthBoolean, true);
    assert.deepEqual(
      [patient({ 24: 'Y', 25: '2' }).multipleBirthInteger, patient({ 24: 'Y', 25: '2' }).multipleBirthBoolean],
      [2, undefined],
    );
    assert.equal(patient({ 30: 'N' }).deceasedBoolean, false);
    const dead = patient({ 29: '202601011200', 30: 'Y' });
    assert.deepEqual([dead.deceasedDateTime, dead.deceasedBoolean], ['2026-01-01T12:00:00+01:00', undefined]);
    assert.equal(patient({ 30: '?' }).deceasedBoolean, undefined);
  });

  it('PD1-3, 4: general practitioner as logical references', () => {
    assert.deepEqual(
      patient({ 5: 'A^B' }, { 3: 'Praxis Nord^^^^^GENHOSP^^^^P9', 4: 'D1^Welby^Marcus^^^Dr^^^GENHOSP' }).generalPractitioner,
      [
        {
          type: 'Organization',
          identifier: { system: 'urn:id:GENHOSP', value: 'P9', assigner: { display: 'GENHOSP' } },
          display: 'Praxis Nord',
        },
        {
          type: 'Practitioner',
          identifier: { system: 'urn:id:GENHOSP', value: 'D1', assigner: { display: 'GENHOSP' } },
          display: 'Dr Marcus Welby',
        },
      ],
    );
  });

  it('has no empty member, whatever is empty in the message', () => {
    assert.deepEqual(patient({ 3: '^^^GENHOSP', 5: '^^^^^^L', 7: 'nonsense', 11: '^^^^^^H', 13: '^PRN^PH', 15: '', 16: '""' }), {
      resourceType: 'Patient',
      id: 'p1',
    });
  });
});
