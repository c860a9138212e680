import { type Claim, done, type Given, not, type TableClaims } from './claim.ts';

const base = 'http://hl7.org/fhir/StructureDefinition';
const v2 = (table: string) => `http://terminology.hl7.org/CodeSystem/v2-${table}`;
const noName = not('the table has no name for the extension yet ("extension??")');

/** A component of one field, blanked in the message without it. */
const of = (by: string, field: string, text: string, path: string, is: string | number | boolean, more: Given = {}): Claim =>
  done(by, { [field]: text, ...more }, path, is);

const cx = '7^5^M10^GENHOSP^MR^^20200101^20301231';
const inCx = (path: string, is: string) => of('identifier.ts', 'PID-3', cx, `Patient.identifier.${path}`, is);
const authority = 'PID-3';
export const cxIdentifier: TableClaims = {
  table: 'CX[Identifier]',
  rows: {
    'CX.1 value': done('identifier.ts', { [authority]: cx }, 'Patient.identifier.value', '7', {}),
    'CX.2 extension[1].url': inCx('extension.url', `${base}/identifier-checkDigit`),
    'CX.2 extension[1].valueString': inCx('extension.valueString', '5'),
    'CX.3 extension[2].url': inCx('extension.url', `${base}/namingsystem-checkDigit`),
    'CX.3 extension[2].valueString': inCx('extension.valueString', 'M10'),
    'CX.4 assigner(Organization)': done('identifier.ts', { [authority]: '7^^^LAB' }, 'Patient.identifier.assigner.display', 'LAB', {}),
    // The registry is a list of addresses; an ISO, UUID or URI authority is its own.
    'CX.4 system': done('identifier.ts', { [authority]: '7^^^&1.2.3&ISO' }, 'Patient.identifier.system', 'urn:oid:1.2.3', {}),
    'CX.5 type.coding.code': inCx('type.coding.code', 'MR'),
    'CX.6 extension??-assigningFacility': noName,
    'CX.7 period.start': inCx('period.start', '2020-01-01'),
    'CX.8 period.end': inCx('period.end', '2030-12-31'),
  },
};

const mother = '7^5^M10^GENHOSP^MR^^20200101^20301231';
const inMother = (path: string, is: string) => of('related.ts', 'PID-21', mother, `RelatedPerson.${path}`, is);
export const cxMother: TableClaims = {
  table: 'CX[RelatedPerson-Mother]',
  rows: {
    'CX patient(Patient.identifier)': not('the mother is related to the patient by reference (RelatedPerson.patient), not by a number'),
    'CX relationship[1].coding[1].code': done('related.ts', { 'PID-21': '7' }, 'RelatedPerson.relationship.coding.code', 'MTH', {}),
    'CX relationship[1].coding[1].system': done(
      'related.ts',
      { 'PID-21': '7' },
      'RelatedPerson.relationship.coding.system',
      'http://terminology.hl7.org/CodeSystem/v3-RoleCode',
      {},
    ),
    'CX.1 identifier.value': inMother('identifier.value', '7'),
    'CX.2 identifier.extension[1].url': inMother('identifier.extension.url', `${base}/identifier-checkDigit`),
    'CX.2 identifier.extension[1].valueString': inMother('identifier.extension.valueString', '5'),
    'CX.3 identifier.extension[2].url': inMother('identifier.extension.url', `${base}/namingsystem-checkDigit`),
    'CX.3 identifier.extension[2].valueString': inMother('identifier.extension.valueString', 'M10'),
    'CX.4 identifier.assigner(Organization)': done(
      'related.ts',
      { 'PID-21': '7^^^LAB' },
      'RelatedPerson.identifier.assigner.display',
      'LAB',
      {},
    ),
    'CX.4 identifier.system': done('related.ts', { 'PID-21': '7^^^&1.2.3&ISO' }, 'RelatedPerson.identifier.system', 'urn:oid:1.2.3', {}),
    'CX.5 identifier.type.coding.code': inMother('identifier.type.coding.code', 'MR'),
    'CX.6 extension??-assigningFacility': noName,
    'CX.7 identifier.period.start': inMother('identifier.period.start', '2020-01-01'),
    'CX.8 identifier.period.end': inMother('identifier.period.end', '2030-12-31'),
  },
};

const xpn = 'van Gogh^Vincent^Willem^III^Dr^PhD^L^^^^G^20200101^20211231^MD^Vinnie';
const inXpn = (path: string, is: string) => of('name.ts', 'PID-5', xpn, `Patient.name.${path}`, is);
export const xpnName: TableClaims = {
  table: 'XPN[HumanName]',
  rows: {
    'XPN.1 [1].family': inXpn('family', 'van Gogh'),
    'XPN.2 [1].given[1]': inXpn('given', 'Vincent'),
    'XPN.3 [1].given[2]': inXpn('given', 'Willem'),
    'XPN.4 [1].suffix[1]': inXpn('suffix', 'III'),
    'XPN.5 [1].prefix': inXpn('prefix', 'Dr'),
    'XPN.6 [1].suffix[2]': inXpn('suffix', 'PhD'),
    'XPN.7 [1].use': inXpn('use', 'official'),
    'XPN.10 [1].period': of('name.ts', 'PID-5', 'A^B^^^^^^^^20200101&20211231', 'Patient.name.period.end', '2021-12-31'),
    'XPN.11 [1].extension.url': inXpn('extension.url', `${base}/humanname-assembly-order`),
    'XPN.11 [1].extension.valueCode': inXpn('extension.valueCode', 'G'),
    'XPN.12 [1].period.start': inXpn('period.start', '2020-01-01'),
    'XPN.13 [1].period.end': inXpn('period.end', '2021-12-31'),
    'XPN.14 [1].suffix[3]': inXpn('suffix', 'MD'),
    'XPN.15 [2].given': inXpn('given', 'Vinnie'),
    'XPN.15 [2].use': inXpn('use', 'nickname'),
  },
};
export const xpnString: TableClaims = {
  table: 'XPN[string]',
  rows: {
    'XPN.1 $this': of('name.ts', 'PID-6', 'Smith^Mary', 'Patient.extension[patient-mothersMaidenName].valueString', 'Mary Smith'),
  },
};

const fn = (n: number, path: string, is: string): Claim =>
  done('name.ts', { 'PID-5': 'Gogh-Roulin&van&Gogh&de la&Roulin^V' }, `Patient.name.${path}`, is, {
    'PID-5': `${['Gogh-Roulin', 'van', 'Gogh', 'de la', 'Roulin'].map((word, i) => (i === n - 1 ? '' : word)).join('&')}^V`,
  });
const fnRow = (n: number, index: number, name: string, is: string): Readonly<Record<string, Claim>> => ({
  [`FN.${n} family.extension[${index}].url`]: fn(n, '_family.extension.url', `${base}/humanname-${name}`),
  [`FN.${n} family.extension[${index}].valueString`]: fn(n, '_family.extension.valueString', is),
});
export const fnName: TableClaims = {
  table: 'FN[HumanName]',
  rows: {
    'FN.1 family': fn(1, 'family', 'Gogh-Roulin'),
    ...fnRow(2, 1, 'own-prefix', 'van'),
    ...fnRow(3, 2, 'own-name', 'Gogh'),
    ...fnRow(4, 3, 'partner-prefix', 'de la'),
    ...fnRow(5, 3, 'partner-name', 'Roulin'),
  },
};

const xad = 'Weg 1^Flat 2^Bern^BE^3007^CHE^H^^District^T77^^^20200101^20211231^^^^^c/o Muster';
const inXad = (path: string, is: string) => of('address.ts', 'PID-11', xad, `Patient.address.${path}`, is);
const withKind = (kind: string, path: string, is: string) =>
  of('address.ts', 'PID-11', `Weg 1^^Bern^^^^${kind}`, `Patient.address.${path}`, is);
const noUri = not('the table names no address for this extension; `use` and `type` have the codes that FHIR knows');
export const xadAddress: TableClaims = {
  table: 'XAD[Address]',
  rows: {
    'XAD.1 line[1-3]': inXad('line', 'Weg 1'),
    'XAD.2 line[4]': inXad('line', 'Flat 2'),
    'XAD.3 city': inXad('city', 'Bern'),
    'XAD.4 state': inXad('state', 'BE'),
    'XAD.5 postalCode': inXad('postalCode', '3007'),
    'XAD.6 country': inXad('country', 'CHE'),
    'XAD.7 type': withKind('M', 'type', 'postal'),
    'XAD.7 use': withKind('H', 'use', 'home'),
    'XAD.7 extension[1].url': withKind('HV', 'extension.url', `${base}/iso21090-AD-use`),
    'XAD.7 extension[1].valueCode': withKind('HV', 'extension.valueCode', 'HV'),
    'XAD.7 extension[2].uri': noUri,
    'XAD.7 extension[2].valueCodeableConcept.coding.value': noUri,
    'XAD.7 extension[2].valueCodeableConcept.coding.system': noUri,
    'XAD.9 district': inXad('district', 'District'),
    'XAD.10 extension[3].url': inXad('extension.url', `${base}/iso21090-ADXP-censusTract`),
    // The extension's value is a string.
    'XAD.10 extension[3].valueCode': inXad('extension.valueString', 'T77'),
    'XAD.12 period': of('address.ts', 'PID-11', 'Weg 1^^Bern^^^^^^^^^20200101&20211231', 'Patient.address.period.end', '2021-12-31'),
    'XAD.13 period.start': inXad('period.start', '2020-01-01'),
    'XAD.14 period.end': inXad('period.end', '2021-12-31'),
    'XAD.19 line[5]': inXad('line', 'c/o Muster'),
  },
};
const sad = (n: number, is: string): Claim =>
  done('address.ts', { 'PID-11': 'Long Street 7&Long Street&7^^Bern' }, 'Patient.address.line', is, {
    'PID-11': `${['Long Street 7', 'Long Street', '7'].map((word, i) => (i === n - 1 ? '' : word)).join('&')}^^Bern`,
  });
export const sadAddress: TableClaims = {
  table: 'SAD[Address]',
  rows: { 'SAD.1 line[1]': sad(1, 'Long Street 7'), 'SAD.2 line[2]': sad(2, 'Long Street'), 'SAD.3 line[3]': sad(3, '7') },
};

const xtn = '^PRN^PH^^41^31^5550101^22^^^^^20200101^20211231^^^^2';
const inXtn = (path: string, is: string | number) => of('telecom.ts', 'PID-13', xtn, `Patient.telecom.${path}`, is);
const number = (text: string, is: string) => of('telecom.ts', 'PID-13', text, 'Patient.telecom.value', is);
const piece = (c: number, index: number, name: string, is: string): Readonly<Record<string, Claim>> => ({
  [`XTN.${c} extension[${index}].url`]: inXtn('extension.url', `${base}/contactpoint-${name}`),
  [`XTN.${c} extension[${index}].valueString`]: inXtn('extension.valueString', is),
});
export const xtnContact: TableClaims = {
  table: 'XTN[ContactPoint]',
  rows: {
    'XTN.1 value': number('031 555', '031 555'),
    'XTN.2 use': done('telecom.ts', { 'PID-13': '031 555^WPN' }, 'Patient.telecom.use', 'work'),
    'XTN.3 system': of('telecom.ts', 'PID-13', '^PRN^FX^^^^555', 'Patient.telecom.system', 'fax'),
    'XTN.3 system #2': done('telecom.ts', { 'PID-13': '^^^max@example.org' }, 'Patient.telecom.system', 'email', { 'PID-13': '031 555' }),
    'XTN.3 system.extension-data-absent-reason': not(
      'cpt-2 asks for a system: without XTN.3 and XTN.4 it is a number in a field for telephone numbers, so `phone`',
    ),
    'XTN.4 value': of('telecom.ts', 'PID-13', '^NET^Internet^max@example.org', 'Patient.telecom.value', 'max@example.org'),
    ...piece(5, 1, 'country', '41'),
    ...piece(6, 2, 'area', '31'),
    ...piece(7, 3, 'local', '5550101'),
    'XTN.7 value': number('^PRN^PH^^^31^5550101', '31 5550101'),
    'XTN.7 value #2': number('^PRN^PH^^41^31^5550101', '+41 31 5550101'),
    'XTN.7 value #3': number('^PRN^PH^^41^31^5550101^22', '+41 31 5550101 X22'),
    'XTN.7 value #4': number('^PRN^PH^^^31^5550101^22', '31 5550101 X22'),
    ...piece(8, 4, 'extension', '22'),
    'XTN.9 extension?-text': noName,
    'XTN.12 value': number('^PRN^PH^^^^^^^^^0315550101', '0315550101'),
    'XTN.13 period.start': inXtn('period.start', '2020-01-01'),
    'XTN.14 period.end': inXtn('period.end', '2021-12-31'),
    'XTN.18 rank': inXtn('rank', 2),
  },
};

/** The thirteen components of a coded value, as one field has them. */
const coded = (field: string, more: Given, path: string): Readonly<Record<string, Claim>> => {
  const text = 'C1^One^LN^C2^Two^SCT^V1^V2^As said^C3^Three^I10^V3';
  const at = (end: string, is: string) => of('concept.ts', field, text, `${path}.${end}`, is, more);
  return {
    '1 coding[1].code': at('coding.code', 'C1'),
    '2 coding[1].display': at('coding.display', 'One'),
    '3 coding[1].system': at('coding.system', 'http://loinc.org'),
    '4 coding[2].code': at('coding.code', 'C2'),
    '5 coding[2].display': at('coding.display', 'Two'),
    '6 coding[2].system': at('coding.system', 'http://snomed.info/sct'),
    '7 coding[1].version': at('coding.version', 'V1'),
    '8 coding[2].version': at('coding.version', 'V2'),
    '9 text': at('text', 'As said'),
    '10 coding[3].code': at('coding.code', 'C3'),
    '11 coding[3].display': at('coding.display', 'Three'),
    '12 coding[3].system': at('coding.system', 'http://hl7.org/fhir/sid/icd-10'),
    '13 coding[3].version': at('coding.version', 'V3'),
  };
};
const named = (prefix: string, rows: Readonly<Record<string, Claim>>, keep: (key: string) => boolean = () => true) =>
  Object.fromEntries(Object.entries(rows).flatMap(([key, claim]) => (keep(key) ? [[`${prefix}.${key}`, claim]] : [])));
const typed = (type: string) => coded('OBX-5', { 'OBX-2': type }, 'Observation.valueCodeableConcept');

export const cweConcept: TableClaims = { table: 'CWE[CodeableConcept]', rows: named('CWE', coded('PV2-3', {}, 'Encounter.reasonCode')) };
// The table CF names its components CWE.
export const cfConcept: TableClaims = { table: 'CF[CodeableConcept]', rows: named('CWE', typed('CF')) };
const { '13 coding[3].version': third, ...cne } = typed('CNE');
export const cneConcept: TableClaims = {
  table: 'CNE[CodeableConcept]',
  // The last key is spelled so in the table.
  rows: { ...named('CNE', cne), ...(third ? { 'CNE.13 coding[3.version': third } : {}) },
};
export const ceConcept: TableClaims = {
  table: 'CE[CodeableConcept]',
  rows: named('CE', typed('CE'), (key) => Number(key.split(' ')[0]) <= 6),
};
export const isConcept: TableClaims = {
  table: 'IS[CodeableConcept]',
  rows: { 'IS.1 coding.code': of('concept.ts', 'OBX-5', 'C7', 'Observation.valueCodeableConcept.coding.code', 'C7', { 'OBX-2': 'IS' }) },
};
export const idConcept: TableClaims = {
  table: 'ID[CodeableConcept]',
  rows: { 'ID.1 coding.code': of('report.ts', 'OBR-24', 'HM', 'DiagnosticReport.category.coding.code', 'HM') },
};
export const idBoolean: TableClaims = {
  table: 'ID[boolean]',
  rows: { 'ID.1 $value': of('patient.ts', 'PID-30', 'Y', 'Patient.deceasedBoolean', true) },
};
export const stConcept: TableClaims = {
  table: 'ST[CodeableConcept]',
  rows: {
    'ST.1 text': of('allergy.ts', 'AL1-5', 'Hives', 'AllergyIntolerance.reaction.manifestation.text', 'Hives', { 'AL1-3': 'P^Penicillin' }),
  },
};
const arrival = (path: string, is: string) =>
  of('encounter.ts', 'PV2-38', 'L7^Litter^99HOSP^^^^V1', `Encounter.extension.valueCoding.${path}`, is);
export const cweCoding: TableClaims = {
  table: 'CWE[Coding]',
  rows: {
    'CWE.1 code': arrival('code', 'L7'),
    'CWE.2 display': arrival('display', 'Litter'),
    'CWE.3 system': arrival('system', 'urn:id:99HOSP'),
    'CWE.7 version': arrival('version', 'V1'),
  },
};
export const cweCode: TableClaims = {
  table: 'CWE[code]',
  rows: {
    'CWE.1 $value': of('field.ts', 'PID-8', 'F', 'Patient.gender', 'female'),
    'CWE.4 $value': of('field.ts', 'PID-8', '^^^F', 'Patient.gender', 'female'),
  },
};
const unit = (text: string, path: string, is: string) =>
  of('quantity.ts', 'OBX-6', text, `Observation.valueQuantity.${path}`, is, { 'OBX-2': 'NM', 'OBX-5': '5' });
export const cweQuantity: TableClaims = {
  table: 'CWE[Quantity]',
  rows: {
    'CWE.1 Quantity.code': unit('mmol/L^millimoles^UCUM', 'code', 'mmol/L'),
    'CWE.1 Quantity.unit': unit('mmol/L', 'unit', 'mmol/L'),
    'CWE.2 Quantity.unit': unit('mmol/L^millimoles^UCUM', 'unit', 'millimoles'),
    'CWE.3 Quantity.system': unit('mmol/L^millimoles^UCUM', 'system', 'http://unitsofmeasure.org'),
  },
};
const producer = (text: string, path: string, is: string) => of('performer.ts', 'OBX-15', text, `Observation.performer.${path}`, is);
export const cweOrganization: TableClaims = {
  table: 'CWE[Organization]',
  rows: {
    'CWE.1 identifier.value': producer('P1^Producer^L', 'identifier.value', 'P1'),
    'CWE.2 name': producer('P1^Producer^L', 'display', 'Producer'),
    'CWE.3 identifier.system': producer('P1^Producer^L', 'identifier.system', 'urn:id:L'),
    'CWE.9 name': producer('P1^^L^^^^^^As said', 'display', 'As said'),
  },
};
export const dln: TableClaims = {
  table: 'DLN[Identifier]',
  rows: {
    'DLN.1 value': of('identifier.ts', 'PID-20', 'DL9^CA^20301231', 'Patient.identifier.value', 'DL9'),
    'DLN.1 type.coding.code': of('identifier.ts', 'PID-20', 'DL9^CA^20301231', 'Patient.identifier.type.coding.code', 'DL'),
    'DLN.1 type.coding.sytem': of('identifier.ts', 'PID-20', 'DL9^CA^20301231', 'Patient.identifier.type.coding.system', v2('0203'), {
      'PID-3': '1^^^A',
    }),
    'DLN.2 system': of('identifier.ts', 'PID-20', 'DL9^CA^20301231', 'Patient.identifier.system', 'urn:id:CA'),
    'DLN.3 period.end': of('identifier.ts', 'PID-20', 'DL9^CA^20301231', 'Patient.identifier.period.end', '2030-12-31'),
  },
};
