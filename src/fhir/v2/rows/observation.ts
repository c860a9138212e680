import { type Claim, type Done, done, type Given, not, type TableClaims } from './claim.ts';

const base = 'http://hl7.org/fhir/StructureDefinition';
const attachment = 'https://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.valueAttachment';
const file = 'observation.ts';
const obx = (fields: Readonly<Record<number, string>>): Given =>
  Object.fromEntries(Object.entries(fields).map(([n, text]) => [`OBX-${n}`, text]));

/** A value of OBX-5: once for Observation, as a repetition for the components. */
type Value = (type: string, value: string, path: string, is: Done['is'], more?: Given, without?: Given) => Claim;
const single: Value = (type, value, path, is, more = {}, without) =>
  done('value.ts', { 'OBX-5': value, 'OBX-2': type, ...more }, `Observation.${path}`, is, without);
const repeated: Value = (type, value, path, is, more = {}, without) =>
  done('value.ts', { 'OBX-5': `${value}~${value}`, 'OBX-2': type, ...more }, `Observation.component.${path}`, is, without);

const pdf = '^AP^PDF^Base64^JVBERi0xLjQ=';
const milligrams: Given = { 'OBX-6': 'mg' };

const values = (of: Value) => ({
  nm: of('NM', '5.4', 'valueQuantity.value', 5.4),
  st: of('ST', 'some words', 'valueString', 'some words'),
  cf: of('CF', 'C7^Seven^L', 'valueCodeableConcept.coding.code', 'C7'),
  cne: of('CNE', 'C7^Seven^L', 'valueCodeableConcept.coding.code', 'C7'),
  ce: of('CE', 'C7^Seven^L', 'valueCodeableConcept.coding.code', 'C7'),
  cwe: of('CWE', 'C7^Seven^L', 'valueCodeableConcept.coding.code', 'C7'),
  is: of('IS', 'C7', 'valueCodeableConcept.coding.code', 'C7'),
  dr: of('DR', '20260501^20260502', 'valuePeriod.end', '2026-05-02'),
  dt: of('DT', '20260501', 'valueDateTime', '2026-05-01'),
  nr: of('NR', '3^5', 'valueRange.high.value', 5),
  vr: of('VR', 'low^high', 'valueString', 'low-high'),
  tm: of('TM', '1530', 'valueTime', '15:30:00'),
  unequal: of('SN', '<>^5', 'valueString', '<> 5 mg', milligrams),
  ratio: of('SN', '^1^:^128', 'valueRatio.denominator.value', 128),
  range: of('SN', '^3^-^5', 'valueRange.high.value', 5),
  plus: of('SN', '^3^+', 'valueString', '3 + mg', milligrams),
  quantity: of('SN', '<^5', 'valueQuantity.comparator', '<'),
  failed: of('SN', '^many', 'valueString', 'many mg', milligrams),
  edUrl: of('ED', pdf, 'extension.url', attachment),
  ed: of('ED', pdf, 'extension.valueAttachment.contentType', 'application/pdf'),
  rpUrl: of('RP', 'http://pacs/1^^IM^JPEG', 'extension.url', attachment, {}, { 'OBX-2': 'ST' }),
  rp: of('RP', 'http://pacs/1^^IM^JPEG', 'extension.valueAttachment.url', 'http://pacs/1'),
});

/** Units: the row's own field is OBX-6. */
const units = (path: string, times: (value: string) => string) => {
  const unit = (type: string, value: string, where: string): Claim =>
    done('quantity.ts', { 'OBX-6': 'mmol/L^^UCUM', 'OBX-5': times(value), 'OBX-2': type }, `Observation.${path}${where}.code`, 'mmol/L');
  return {
    nm: unit('NM', '5.4', 'valueQuantity'),
    quantity: unit('SN', '<^5', 'valueQuantity'),
    low: unit('SN', '^3^-^5', 'valueRange.low'),
    high: unit('SN', '^3^-^5', 'valueRange.high'),
    numerator: unit('SN', '^1^:^128', 'valueRatio.numerator'),
    denominator: unit('SN', '^1^:^128', 'valueRatio.denominator'),
  };
};

const lab = { 23: 'Gen Lab^L^^^^CLIA&1.2&ISO^XX^^^05D' };
const address = { ...lab, 24: 'Lab Lane^^Bern' };
const directed = { ...address, 25: 'D8^House' };
const role = 'Observation.contained[PractitionerRole]';
const organization = 'Observation.contained[Organization]';
const several = not(
  'FHIR R4 has one specimen for an observation; a Group that stands for several has no readers. DiagnosticReport.specimen names them all.',
);
const noDocument = not(
  'no DocumentReference is made: the document is a Binary, shown in the result (valueAttachment) and the report (presentedForm)',
);

/** What the two tables have in common, by field and the rest of the key. */
const observer = done('performer.ts', obx({ 16: 'D7^Welby' }), `${role}.practitioner.identifier.value`, 'D7');
const shared = {
  code: done(file, obx({ 3: '718-7^Hemoglobin^LN' }), 'Observation.code.coding.code', '718-7'),
  subId: done(file, obx({ 4: '1.2' }), 'Observation.extension[observation-v2-subid].extension.valueString', '1.2'),
  interpretation: done(file, obx({ 8: 'H' }), 'Observation.interpretation.coding.code', 'H'),
  natureUrl: done(file, obx({ 10: 'A' }), 'Observation.extension.url', `${base}/observation-nature-of-abnormal-test`),
  nature: done(file, obx({ 10: 'A' }), 'Observation.extension[observation-nature-of-abnormal-test].valueCodeableConcept.coding.code', 'A'),
  status: done(file, obx({ 11: 'P' }), 'Observation.status', 'preliminary'),
  cancelledUrl: done(file, obx({ 11: 'X' }), 'Observation._status.extension.url', `${base}/alternate-codes`),
  cancelled: done(file, obx({ 11: 'X' }), 'Observation._status.extension.valueCodeableConcept.coding.code', 'X'),
  cancelledSystem: done(
    file,
    obx({ 11: 'X' }),
    'Observation._status.extension.valueCodeableConcept.coding.system',
    'http://terminology.hl7.org/CodeSystem/v2-0085',
  ),
  absent: done(file, obx({ 11: 'N', 5: '' }), 'Observation.dataAbsentReason.coding.code', 'not-asked'),
  absentSystem: done(
    file,
    obx({ 11: 'N', 5: '' }),
    'Observation.dataAbsentReason.coding.system',
    'http://terminology.hl7.org/CodeSystem/data-absent-reason',
  ),
  effective: done(file, obx({ 14: '202605010930' }), 'Observation.effectiveDateTime', '2026-05-01T09:30:00+00:00'),
  producer: done('performer.ts', obx({ 15: 'P1^Producer^L' }), 'Observation.performer.identifier.value', 'P1'),
  observer,
  observerCode: done('performer.ts', obx({ 16: 'D7^Welby' }), `${role}.code.coding.code`, 'responsibleObserver'),
  observerSystem: done(
    'performer.ts',
    obx({ 16: 'D7^Welby' }),
    `${role}.code.coding.system`,
    'http://terminology.hl7.org/CodeSystem/practitioner-role',
  ),
  method: done(file, obx({ 17: 'M1^Method^L' }), 'Observation.method.coding.code', 'M1'),
  device: done(file, obx({ 18: 'DEV1^LAB' }), 'Observation.device.identifier.value', 'DEV1'),
  analysedUrl: done(file, obx({ 19: '202605010940' }), 'Observation.extension.url', `${base}/observation-analysis-date-time`),
  analysed: done(
    file,
    obx({ 19: '202605010940' }),
    'Observation.extension[observation-analysis-date-time].valueDateTime',
    '2026-05-01T09:40:00+00:00',
  ),
  site: done(file, obx({ 20: 'LA^Left arm^HL70163' }), 'Observation.bodySite.coding.code', 'LA'),
  identifier: done(file, obx({ 21: 'OB1^LAB' }), 'Observation.identifier.value', 'OB1'),
  identifierType: done(file, obx({ 21: 'OB1^LAB' }), 'Observation.identifier.type.coding.code', 'FILL'),
  lab: done('performer.ts', obx(lab), `${organization}.name`, 'Gen Lab'),
  labDirected: done('performer.ts', obx({ ...lab, 25: 'D8^House' }), `${role}.organization.reference`, '#organization'),
  address: done('performer.ts', obx(address), `${organization}.address.city`, 'Bern'),
  addressDirected: done('performer.ts', obx(directed), `${organization}.address.city`, 'Bern'),
  director: done('performer.ts', obx({ 25: 'D8^House' }), `${role}.practitioner.identifier.value`, 'D8'),
  directorCode: done('performer.ts', obx({ 25: 'D8^House' }), `${role}.code.coding.code`, 'MDIR'),
  directorSystem: done(
    'performer.ts',
    obx({ 25: 'D8^House' }),
    `${role}.code.coding.system`,
    'http://terminology.hl7.org/CodeSystem/v2-0912',
  ),
  category: done(file, obx({ 29: 'RSLT' }), 'Observation.category.coding.code', 'RSLT'),
  categorySystem: done(file, obx({ 29: 'RSLT' }), 'Observation.category.coding.system', 'http://terminology.hl7.org/CodeSystem/v2-0936'),
  structureUrl: done(file, obx({ 30: 'RS' }), 'Observation.extension.url', `${base}/observation-structure-type`),
  structure: done(file, obx({ 30: 'RS' }), 'Observation.extension[observation-structure-type].valueCodeableConcept.coding.code', 'RS'),
  structureSystem: done(
    file,
    obx({ 30: 'RS' }),
    'Observation.extension[observation-structure-type].valueCodeableConcept.coding.system',
    `${base}/observation-structure-type`,
  ),
  placerSpecimen: done(file, obx({ 33: 'SP1' }), 'Observation.specimen.identifier.value', 'SP1'),
  // One reference has one identifier: the filler's, where both are given.
  fillerSpecimen: done(file, obx({ 33: 'SP1^SF1' }), 'Observation.specimen.identifier.value', 'SF1'),
};

const common = {
  'OBX-4 $this': shared.subId,
  'OBX-8 interpretation': shared.interpretation,
  'OBX-10 extension[2].uri': shared.natureUrl,
  'OBX-10 extension[2].valueCodeableConcept': shared.nature,
  'OBX-11 status': shared.status,
  'OBX-11 status.extension[1].url': shared.cancelledUrl,
  'OBX-11 status.extension[1].valueCodeableConcept.coding.code': shared.cancelled,
  'OBX-11 status.extension[1].valueCodeableConcept.coding.system': shared.cancelledSystem,
  'OBX-11 dataAbsentReason.coding[2].code': shared.absent,
  'OBX-11 dataAbsentReason.coding[2].system': shared.absentSystem,
  'OBX-14 effectiveDateTime': shared.effective,
  'OBX-16 performer[1](PractitionerRole.practitioner(Practitioner))': shared.observer,
  'OBX-16 performer[1](PractitionerRole.code.coding.code)': shared.observerCode,
  'OBX-16 performer[1](PractitionerRole.code.coding.system)': shared.observerSystem,
  'OBX-17 method': shared.method,
  'OBX-18 device(Device.identifier)': shared.device,
  'OBX-20 bodySite': shared.site,
  'OBX-21 identifier': shared.identifier,
  'OBX-21 identifier.type.coding.code': shared.identifierType,
  'OBX-23 performer[2](Organization)': shared.lab,
  'OBX-24 performer[2](Organization.address)': shared.address,
  'OBX-29 category[1].coding.code': shared.category,
  'OBX-29 category[1].coding.system': shared.categorySystem,
  'OBX-30 extension[2].url': shared.structureUrl,
  'OBX-30 extension[2].valueCodeableConcept.coding.code': shared.structure,
  'OBX-30 extension[2].valueCodeableConcept.coding.system': shared.structureSystem,
  'OBX-33 extension[1].uri': several,
  'OBX-33 extension[1].valueReference(Group.member.entity(Specimen.identifier[1])': several,
  'OBX-33 extension[2].uri': several,
  'OBX-33 extension[2].valueReference(Group.member.entity(Specimen.identifier[2]))': several,
  'OBX-33 specimen(Specimen.identifier[1])': shared.placerSpecimen,
  'OBX-33 specimen(Specimen.identifier[2])': shared.fillerSpecimen,
};

const one = values(single);
const oneUnit = units('', (value) => value);
export const observation: TableClaims = {
  table: 'OBX[Observation]',
  rows: {
    ...common,
    'OBX-3 code': shared.code,
    'OBX-5 valueQuantity.value': one.nm,
    'OBX-5 valueString': one.st,
    'OBX-5 valueCodeableConcept[1]': one.cf,
    'OBX-5 valueCodeableConcept': one.cne,
    'OBX-5 valueCodeableConcept #2': one.ce,
    'OBX-5 valueCodeableConcept #3': one.cwe,
    'OBX-5 valueCodeableConcept #4': one.is,
    'OBX-5 valuePeriod': one.dr,
    'OBX-5 valueDateTime': one.dt,
    'OBX-5 valueRange': one.nr,
    'OBX-5 valueString #2': one.vr,
    'OBX-5 valueTime': one.tm,
    'OBX-5 valueString #3': one.unequal,
    'OBX-5 valueRatio[1]': one.ratio,
    'OBX-5 valueRange[1]': one.range,
    'OBX-5 valueString #4': one.plus,
    'OBX-5 valueQuantity[1]': one.quantity,
    'OBX-5 valueString #5': one.failed,
    'OBX-5 valueSampedData': single('NA', '1^2^3', 'valueSampledData.data', '1 2 3'),
    'OBX-5 extension[1].url': one.edUrl,
    'OBX-5 extension[1].valueAttachment': one.ed,
    'OBX-5 extension[1].url #2': one.rpUrl,
    'OBX-5 extension[1].valueAttachment #2': one.rp,
    'OBX-6 valueQuantity[1]': oneUnit.nm,
    'OBX-6 valueQuantity[1] #2': oneUnit.quantity,
    'OBX-6 valueRange[1].low': oneUnit.low,
    'OBX-6 valueRange[1].high': oneUnit.high,
    'OBX-6 valueRatio[1].numerator': oneUnit.numerator,
    'OBX-6 valueRatio[1].denominator': oneUnit.denominator,
    'OBX-7 referenceRange.text': done('quantity.ts', obx({ 7: '3-5', 2: 'NM', 5: '4' }), 'Observation.referenceRange.text', '3-5'),
    'OBX-15 performer[2](Organization)': shared.producer,
    'OBX-15 performer[2](PractitionerRole)': not('the row names no part of a role: the producer is an organization (row above)'),
    'OBX-19 extension[2].url': shared.analysedUrl,
    'OBX-19 extension[2].valueDateTime': shared.analysed,
    'OBX-23 performer[2](PractitionerRole[1].organization(Organization))': shared.labDirected,
    'OBX-24 performer[2](PractitionerRole[1].organization(Organization.address))': shared.addressDirected,
    'OBX-25 performer[2](PractitionerRole[1].practitioner)': shared.director,
    'OBX-25 performer[2](PractitionerRole[1].code.coding.code)': shared.directorCode,
    'OBX-25 performer[2](PractitionerRole[1].code.coding.system)': shared.directorSystem,
  },
};

const each = values(repeated);
const eachUnit = units('component.', (value) => `${value}~${value}`);
const twice: Given = { 'OBX-5': 'A~B', 'OBX-2': 'CWE' };
export const component: TableClaims = {
  table: 'OBX[Observation-Component]',
  rows: {
    ...common,
    'OBX-3 code': shared.code,
    'OBX-3 component[each].code': done(
      file,
      { ...twice, 'OBX-3': '718-7^Hemoglobin^LN' },
      'Observation.component.code.coding.code',
      '718-7',
    ),
    'OBX-5 component[each].valueQuantity': each.nm,
    'OBX-5 component[each].valueString': each.st,
    'OBX-5 component[each].valueCodeableConcept': each.cf,
    'OBX-5 component[each].valueCodeableConcept #2': each.cne,
    'OBX-5 component[each].valueCodeableConcept #3': each.ce,
    'OBX-5 component[each].valueCodeableConcept #4': each.cwe,
    'OBX-5 component[each].valueCodeableConcept #5': each.is,
    'OBX-5 component[each].valuePeriod': each.dr,
    'OBX-5 component[each].valueDateTime': each.dt,
    'OBX-5 component[each].valueRange': each.nr,
    'OBX-5 component[each].valueString #2': each.vr,
    'OBX-5 component[each].valueTime': each.tm,
    'OBX-5 component[each].valueString #3': each.unequal,
    'OBX-5 component[each].valueRatio[1]': each.ratio,
    'OBX-5 component[each].valueRange[1]': each.range,
    'OBX-5 component[each].valueString #4': each.plus,
    'OBX-5 component[each].valueQuantity[1]': each.quantity,
    'OBX-5 component[each].valueString #5': each.failed,
    'OBX-5 component[each].extension[1].url': each.edUrl,
    'OBX-5 component[each].extension[1].valueAttachment': each.ed,
    'OBX-5 derivedFrom(DocumentReference)': noDocument,
    'OBX-5 component[each].extension[1].url #2': each.rpUrl,
    'OBX-5 component[each].extension[1].valueAttachment #2': each.rp,
    'OBX-5 derivedFrom(DocumentReference) #2': noDocument,
    'OBX-6 component[each].valueQuantity': eachUnit.nm,
    'OBX-6 component[each].valueQuantity[1]': eachUnit.quantity,
    'OBX-6 component[each].valueRange[1].low': eachUnit.low,
    'OBX-6 component[each].valueRange[1].high': eachUnit.high,
    'OBX-6 component[each].valueRatio[1].numerator': eachUnit.numerator,
    'OBX-6 component[each].valueRatio[1].denominator': eachUnit.denominator,
    'OBX-7 component[each].referenceRange.text': done(
      file,
      { 'OBX-7': '3-5', 'OBX-5': '4~5', 'OBX-2': 'NM' },
      'Observation.component.referenceRange.text',
      '3-5',
    ),
    // Here the table has an extension without a name; OBX[Observation] has a performer, and so have we.
    'OBX-15 extension??-producerIdentifier': shared.producer,
    'OBX-19 extension[1].url': shared.analysedUrl,
    'OBX-19 extension[1].valueDateTime': shared.analysed,
    'OBX-23 performer[2](PractitionerRole.organization(Organization))': shared.labDirected,
    'OBX-24 performer[2](PractitionerRole.organization(Organization.address))': shared.addressDirected,
    'OBX-25 performer[2](PractitionerRole)': shared.director,
    'OBX-25 performer[2](PractitionerRole.code.coding.value)': shared.directorCode,
    'OBX-25 performer[2](PractitionerRole.code.coding.system)': shared.directorSystem,
  },
};
