import { done, type Given, not, type TableClaims } from './claim.ts';

const base = 'http://hl7.org/fhir/StructureDefinition';
const v2 = (table: string) => `http://terminology.hl7.org/CodeSystem/v2-${table}`;
const participation = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';
const file = 'report.ts';
const report = 'DiagnosticReport';
const order = 'DiagnosticReport.contained[ServiceRequest]';
const noName = not('the table has no name for the extension yet ("extension??")');

/** A number of the order, with its type, on the report. */
const number = (field: string, index: number, value: string, type: string) => ({
  [`${field} identifier[${index}]`]: done('entity.ts', { [field]: `${value}^HOSP` }, `${report}.identifier.value`, value),
  [`${field} identifier[${index}].type.coding.code`]: done(
    'entity.ts',
    { [field]: `${value}^HOSP` },
    `${report}.identifier.type.coding.code`,
    type,
    field.startsWith('O') && type === 'FILL' ? { 'OBR-3': '' } : undefined,
  ),
  [`${field} identifier[${index}].type.coding.system`]: done(
    'entity.ts',
    { [field]: `${value}^HOSP` },
    `${report}.identifier.type.coding.system`,
    v2('0203'),
    { 'OBR-3': '' },
  ),
});

const person = 'D7&Welby&Marcus';
const performer = (field: string, index: number, code: string, role: string) => ({
  [`${field} performer[${index}](PractitionerRole)`]: done(file, { [field]: person }, `${report}.performer.identifier.value`, 'D7'),
  [`${field} performer[${index}].extension[1].url`]: done(
    file,
    { [field]: person },
    `${report}.performer.extension.url`,
    `${base}/event-performerFunction`,
  ),
  [`${field} performer[${index}].extension[1].valueCodeableConcept.coding.code`]: done(
    file,
    { [field]: person },
    `${report}.performer.extension.valueCodeableConcept.coding.code`,
    code,
  ),
  [`${field} performer[${index}].extension[1].valueCodeableConcept.coding.system`]: done(
    file,
    { [field]: person },
    `${report}.performer.extension.valueCodeableConcept.coding.system`,
    role,
  ),
});

const nine = '2026-05-01T09:00:00+00:00';
const half = '2026-05-01T09:30:00+00:00';

export const obrReport: TableClaims = {
  table: 'OBR[DiagnosticReport]',
  rows: {
    ...number('OBR-2', 1, 'P7', 'PLAC'),
    ...number('OBR-3', 2, 'F7', 'FILL'),
    'OBR-4 code': done(file, { 'OBR-4': 'CBC^Blood count^L' }, `${report}.code.coding.code`, 'CBC'),
    'OBR-7 effectiveDateTime': done('observation.ts', { 'OBR-7': '202605010900' }, `${report}.effectiveDateTime`, nine),
    'OBR-7 effectivePeriod.start': done(
      'observation.ts',
      { 'OBR-7': '202605010900', 'OBR-8': '202605010930' },
      `${report}.effectivePeriod.start`,
      nine,
    ),
    'OBR-8 effectivePeriod.end': done('observation.ts', { 'OBR-8': '202605010930' }, `${report}.effectivePeriod.end`, half),
    'OBR-22 issued': done(file, { 'OBR-22': '202605010930' }, `${report}.issued`, half),
    'OBR-24 category': done(file, { 'OBR-24': 'HM' }, `${report}.category.coding.code`, 'HM'),
    'OBR-25 status': done(file, { 'OBR-25': 'C' }, `${report}.status`, 'corrected'),
    'OBR-32 resultsInterpreter(PractitionerRole)': done(file, { 'OBR-32': person }, `${report}.resultsInterpreter.identifier.value`, 'D7'),
    ...performer('OBR-34', 1, 'SPRF', participation),
    ...performer('OBR-35', 2, 'TRANS', participation),
  },
};

export const orcReport: TableClaims = {
  table: 'ORC[DiagnosticReport]',
  rows: {
    ...number('ORC-2', 1, 'P7', 'PLAC'),
    'ORC-2 basedOn(ServiceRequest)': done(file, { 'ORC-2': 'P7^HOSP' }, `${report}.basedOn.identifier.value`, 'P7'),
    ...number('ORC-3', 2, 'F7', 'FILL'),
    'ORC-4 identifier[3]': done('entity.ts', { 'ORC-4': 'G1^G2' }, `${report}.identifier.value`, 'G2'),
    'ORC-4 identifier[4]': done('entity.ts', { 'ORC-4': 'G1^G2' }, `${report}.identifier.value`, 'G1'),
    'ORC-9 extension??-businessEvent': noName,
    'ORC-16 extension[1].url': done(file, { 'ORC-16': 'R1^Reason^L' }, `${report}.extension.url`, `${base}/event-statusReason`),
    'ORC-16 extension[1].valueCodeableConcept': done(
      file,
      { 'ORC-16': 'R1^Reason^L' },
      `${report}.extension.valueCodeableConcept.coding.code`,
      'R1',
    ),
    'ORC-28 meta.security': done(file, { 'ORC-28': 'R' }, `${report}.meta.security.code`, 'R'),
  },
};

const bys: Given = { 'OBR-16': 'D7^Welby' };
const ordered = (given: Given, path: string, is: string, without?: Given) => done('order.ts', given, `${order}.${path}`, is, without);
/** Numbers are told of the order only where there is more to tell of it (order.ts): here who asked. */
const numbered = (field: string, value: string, type: string, key: string, path = 'identifier') => ({
  [key]: ordered({ [field]: `${value}^HOSP`, ...bys }, `${path}.value`, value),
  [`${key.replace(/\.value$/, '')}.type.coding.code`]: ordered({ [field]: `${value}^HOSP`, ...bys }, `${path}.type.coding.code`, type, {
    ...bys,
    'OBR-3': '',
  }),
  [`${key.replace(/\.value$/, '')}.type.coding.system`]: ordered(
    { [field]: `${value}^HOSP`, ...bys },
    `${path}.type.coding.system`,
    v2('0203'),
    { ...bys, 'OBR-3': '' },
  ),
});
const callback = `${base}/servicerequest-order-callback-phone-number`;
const parent = not('FHIR R4 and the table have no name for the order of a parent that is told by several numbers ("extension??")');

export const obrOrder: TableClaims = {
  table: 'OBR[ServiceRequest]',
  rows: {
    'OBR intent': ordered(bys, 'intent', 'order', {}),
    ...numbered('OBR-2', 'P7', 'PLAC', 'OBR-2 identifier[1]'),
    ...numbered('OBR-3', 'F7', 'FILL', 'OBR-3 identifier[2]'),
    'OBR-3 extension??-fingerprint[1]=fingerprint(ORC-2,ORC-3,....)': noName,
    'OBR-4 code': ordered({ 'OBR-4': 'CBC^Blood count^L', ...bys }, 'code.coding.code', 'CBC'),
    'OBR-5 priority': ordered({ 'OBR-5': 'S' }, 'priority', 'stat'),
    'OBR-6 occurrenceDateTime': ordered({ 'OBR-6': '202605010900' }, 'occurrenceDateTime', nine),
    'OBR-11 intent': not('"add-on" is no code of FHIR’s request-intent (the table marks it "#add-on#"): the order is an order'),
    'OBR-11 intent #2': ordered({ 'OBR-11': 'G' }, 'intent', 'reflex-order'),
    'OBR-11 intent #3': ordered({ 'OBR-11': 'L' }, 'intent', 'order'),
    'OBR-13 extension[1].url': ordered(
      { 'OBR-13': 'Fever' },
      'extension.url',
      'http://hl7.org/fhir/5.0/StructureDefinition/extension-ServiceRequest.supportingInfo',
    ),
    'OBR-13 extension[1].valueCodeableReference.concept': ordered(
      { 'OBR-13': 'Fever' },
      'extension.extension.valueCodeableConcept.coding.code',
      'Fever',
    ),
    'OBR-16 requester(Practitioner)': ordered(bys, 'requester.identifier.value', 'D7'),
    'OBR-17 requester.extension[1].url': ordered({ 'OBR-17': '031 1' }, 'extension.url', callback),
    'OBR-17 requester.extension[1].valueContactPoint': ordered({ 'OBR-17': '031 1' }, 'extension.valueContactPoint.value', '031 1'),
    'OBR-27 $this': ordered({ 'OBR-27': '^^^^^S' }, 'priority', 'stat'),
    'OBR-29 basedOn[1].identifier': ordered({ 'OBR-29': 'PP1&HOSP' }, 'basedOn.identifier.value', 'PP1'),
    'OBR-29 basedOn[1].type': ordered({ 'OBR-29': 'PP1&HOSP' }, 'basedOn.type', 'ServiceRequest'),
    // "Implementation needs to decide which one to use": the placer's, where both are given.
    'OBR-29 basedOn[2].identifier': ordered({ 'OBR-29': '^FF1&LAB' }, 'basedOn.identifier.value', 'FF1'),
    'OBR-29 basedOn[2].type': ordered({ 'OBR-29': '^FF1&LAB' }, 'basedOn.type', 'ServiceRequest'),
    'OBR-29 extension??-parent.reference.id=ServiceRequest[??].extension??-fingerprint#[1](EIP.1,EIP.2,EIP,........)': parent,
    'OBR-31 reasonCode': ordered({ 'OBR-31': 'R07^Chest pain^I10' }, 'reasonCode.coding.code', 'R07'),
    'OBR-46 orderDetail[1]': ordered({ 'OBR-46': 'S1^Supplement^L' }, 'orderDetail.coding.code', 'S1'),
    'OBR-47 orderDetail[2]': ordered({ 'OBR-47': 'S2^Supplement^L' }, 'orderDetail.coding.code', 'S2'),
    ...numbered('OBR-53', 'X7', 'PLAC', 'OBR-53 identifier[3]'),
  },
};

const ward: Given = { 'ORC-21': 'Ward Nine^^^^^HOSP^^^^W9' };
const event = `${base}/businessEvent`;
export const orcOrder: TableClaims = {
  table: 'ORC[ServiceRequest]',
  rows: {
    'ORC-1 status': ordered({ 'ORC-1': 'NW', ...bys }, 'status', 'active'),
    'ORC-1 intent': ordered({ 'ORC-1': 'NW' }, 'intent', 'order'),
    'ORC-1 extension.url': ordered({ 'ORC-1': 'NW' }, 'extension.url', event),
    'ORC-1 extension[1].extension[1].url': ordered({ 'ORC-1': 'NW' }, 'extension.extension.url', 'value'),
    'ORC-1 extension[1].extension[1].valueCodeableConcept.coding.code': ordered(
      { 'ORC-1': 'NW' },
      'extension.extension.valueCodeableConcept.coding.code',
      'NW',
    ),
    // The table has the value set's address here; a coding's system is the code system.
    'ORC-1 extension[1].extension[1].valueCodeableConcept.coding.system': ordered(
      { 'ORC-1': 'NW' },
      'extension.extension.valueCodeableConcept.coding.system',
      v2('0119'),
    ),
    ...numbered('ORC-2', 'P7', 'PLAC', 'ORC-2 identifier[1]'),
    ...numbered('ORC-3', 'F7', 'FILL', 'ORC-3 identifier[2]'),
    ...numbered('ORC-4', 'G1', 'PGN', 'ORC-4 requisition[1].value', 'requisition'),
    ...numbered('ORC-4', 'G1', 'PGN', 'ORC-4 requisition[2].value', 'requisition'),
    'ORC-4 identifier[3].value': ordered({ 'ORC-4': 'G1^G2', ...bys }, 'identifier.value', 'G2'),
    'ORC-4 identifier[3].type.coding.code': ordered({ 'ORC-4': 'G1^G2', ...bys }, 'identifier.type.coding.code', 'FGN'),
    'ORC-4 identifier[3].type.coding.system': ordered({ 'ORC-4': 'G1^G2', ...bys }, 'identifier.type.coding.system', v2('0203'), {
      ...bys,
      'OBR-3': '',
    }),
    'ORC-5 status': ordered({ 'ORC-5': 'HD' }, 'status', 'on-hold'),
    'ORC-7 $this': ordered({ 'ORC-7': '^^^^^A' }, 'priority', 'asap'),
    'ORC-9 authoredOn': ordered({ 'ORC-9': '202605010900', 'ORC-1': 'NW' }, 'authoredOn', nine),
    'ORC-9 extension[2].url': ordered({ 'ORC-9': '202605010900' }, 'extension.url', event),
    'ORC-9 extension[2].extension[1].url': ordered({ 'ORC-9': '202605010900' }, 'extension.extension.url', 'date'),
    'ORC-9 extension[2].extension[1].valuedateTime': ordered({ 'ORC-9': '202605010900' }, 'extension.extension.valueDateTime', nine),
    'ORC-12 requester(PractitionerRole.practitioner)': done(
      'order.ts',
      { ...ward, 'ORC-12': 'D7^Welby' },
      'DiagnosticReport.contained[PractitionerRole].practitioner.identifier.value',
      'D7',
    ),
    'ORC-14 extension[3].url': ordered({ 'ORC-14': '031 1' }, 'extension.url', callback),
    'ORC-14 extension[3].valueContactPoint': ordered({ 'ORC-14': '031 1' }, 'extension.valueContactPoint.value', '031 1'),
    'ORC-16 extension[3].url': ordered({ 'ORC-16': 'R1^Reason^L' }, 'extension.url', `${base}/request-statusReason`),
    'ORC-16 extension[3].valueCodeableConcept': ordered({ 'ORC-16': 'R1^Reason^L' }, 'extension.valueCodeableConcept.coding.code', 'R1'),
    'ORC-16 extension??-orderControlCodeReason': noName,
    'ORC-21 requester(PractitionerRole.organization(Organization))': done(
      'order.ts',
      ward,
      'DiagnosticReport.contained[Organization].name',
      'Ward Nine',
    ),
    'ORC-22 requester(PractitionerRole.organization(Organization.address))': done(
      'order.ts',
      { ...ward, 'ORC-22': 'Weg 1^^Bern' },
      'DiagnosticReport.contained[Organization].address.city',
      'Bern',
    ),
    'ORC-23 requester(PractitionerRole.organization(Organization.telecom))': done(
      'order.ts',
      { ...ward, 'ORC-23': '031 9' },
      'DiagnosticReport.contained[Organization].telecom.value',
      '031 9',
    ),
    'ORC-24 requester(PractitionerRole.practitioner(Practitioner.address))': not(
      'who asked is a logical reference: a practitioner’s address is the provider directory’s',
    ),
    'ORC-25 extension??-statusModifier': noName,
    'ORC-28 meta.security': ordered({ 'ORC-28': 'R', ...bys }, 'meta.security.code', 'R'),
    'ORC-29 locationCode': ordered({ 'ORC-29': 'I' }, 'locationCode.coding.code', 'HOSP'),
    'ORC-31 basedOn[1].extension??-parent.service': noName,
    ...numbered('ORC-33', 'Y7', 'PLAC', 'ORC-33 identifier[4]'),
    ...numbered('ORC-38', 'Z7', 'FGN', 'ORC-38 identifier[5].value'),
  },
};
