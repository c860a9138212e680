import { done, type Given, not, type TableClaims } from './claim.ts';

const drug: Given = { 'AL1-2': 'DA', 'AL1-3': '7980^Penicillin^RXNORM' };
const base = 'http://hl7.org/fhir/StructureDefinition';
const asSeverity = "under `allergySeverity: 'criticality'`";

export const al1: TableClaims = {
  table: 'AL1[AllergyIntolerance]',
  rows: {
    'AL1 clinicalStatus.coding.code': done('allergy.ts', drug, 'AllergyIntolerance.clinicalStatus.coding.code', 'active', {}),
    'AL1 clinicalStatus.coding.system': done(
      'allergy.ts',
      drug,
      'AllergyIntolerance.clinicalStatus.coding.system',
      'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical',
      {},
    ),
    'AL1-2 category': done('allergy.ts', drug, 'AllergyIntolerance.category', 'medication'),
    'AL1-2 category.extension[1].url': done('allergy.ts', drug, 'AllergyIntolerance._category.extension.url', `${base}/alternate-codes`),
    'AL1-2 category.extension[1].valueCodeableConcept': done(
      'allergy.ts',
      drug,
      'AllergyIntolerance._category.extension.valueCodeableConcept.coding.code',
      'DA',
    ),
    'AL1-2 type': done('allergy.ts', drug, 'AllergyIntolerance.type', 'allergy'),
    'AL1-3 code': done('allergy.ts', drug, 'AllergyIntolerance.code.coding.code', '7980'),
    'AL1-4 criticality': done(
      `allergy.ts, ${asSeverity}`,
      { ...drug, 'AL1-4': 'SV', allergySeverity: 'criticality' },
      'AllergyIntolerance.criticality',
      'high',
    ),
    'AL1-4 criticality.extension[1].url': done(
      `allergy.ts, ${asSeverity}`,
      { ...drug, 'AL1-4': 'MO', allergySeverity: 'criticality' },
      'AllergyIntolerance._criticality.extension.url',
      `${base}/alternate-codes`,
    ),
    'AL1-4 criticality.extension[1].valueCodeableConcept': done(
      `allergy.ts, ${asSeverity}`,
      { ...drug, 'AL1-4': 'MO', allergySeverity: 'criticality' },
      'AllergyIntolerance._criticality.extension.valueCodeableConcept.coding.code',
      'MO',
    ),
    'AL1-4 reaction.severity': done('allergy.ts', { ...drug, 'AL1-4': 'SV' }, 'AllergyIntolerance.reaction.severity', 'severe'),
    'AL1-5 reaction.manifestation.text': done(
      'allergy.ts',
      { ...drug, 'AL1-5': 'Hives' },
      'AllergyIntolerance.reaction.manifestation.text',
      'Hives',
    ),
    'AL1-6 onsetDateTime': done('allergy.ts', { ...drug, 'AL1-6': '20200101' }, 'AllergyIntolerance.onsetDateTime', '2020-01-01'),
  },
};

const illness: Given = { 'DG1-3': 'J18^Pneumonia^I10', 'PV1-19': 'V9' };
const asserted: Given = { ...illness, 'DG1-19': '20260501' };
const numbered: Given = { ...illness, 'DG1-20': 'DX1^GENHOSP' };
const deleted: Given = { ...numbered, 'DG1-21': 'D' };
const follows: Given = { ...illness, 'DG1-22': 'DX0^GENHOSP' };
const named: Given = { ...illness, 'DG1-4': 'Lung infection' };
const began: Given = { ...illness, 'DG1-5': '20260430' };
const doctor: Given = { ...illness, 'DG1-16': 'D7^Welby' };
const file = 'condition.ts';

const condition = {
  code: done(file, illness, 'Condition.code.coding.code', 'J18'),
  text: done(file, named, 'Condition.code.text', 'Lung infection'),
  onset: done(file, began, 'Condition.onsetDateTime', '2026-04-30'),
  asserter: done(file, doctor, 'Condition.asserter.identifier.value', 'D7'),
  // The table has two addresses for this extension; this one is FHIR's.
  assertedUrl: done(file, asserted, 'Condition.extension.url', `${base}/condition-assertedDate`),
  asserted: done(file, asserted, 'Condition.extension[condition-assertedDate].valueDateTime', '2026-05-01'),
  recorded: done(file, asserted, 'Condition.recordedDate', '2026-05-01'),
  identifier: done(file, numbered, 'Condition.identifier.value', 'DX1'),
  withdrawn: done(file, deleted, 'Condition.verificationStatus.coding.code', 'entered-in-error'),
  withdrawnSystem: done(
    file,
    deleted,
    'Condition.verificationStatus.coding.system',
    'http://terminology.hl7.org/CodeSystem/condition-ver-status',
  ),
  parentUrl: done(file, follows, 'Condition.extension.url', `${base}/condition-dueTo`),
  parent: done(file, follows, 'Condition.extension[condition-dueTo].valueReference.identifier.value', 'DX0'),
};

export const dg1: TableClaims = {
  table: 'DG1[Condition]',
  rows: {
    'DG1-3 code[1]': condition.code,
    'DG1-4 code[1].text': condition.text,
    'DG1-5 onsetDateTime': condition.onset,
    'DG1-16 asserter(Practitioner)': condition.asserter,
    'DG1-19 extension[1].url': condition.assertedUrl,
    'DG1-19 extension[1].valueDateTime': condition.asserted,
    'DG1-19 recordedDate': condition.recorded,
    'DG1-20 identifier': condition.identifier,
    'DG1-21 verificationStatus.coding.code': condition.withdrawn,
    'DG1-21 verificationStatus.coding.system': condition.withdrawnSystem,
    'DG1-22 extension[2].url': condition.parentUrl,
    'DG1-22 extension[2].valueReference(Condition)': condition.parent,
  },
};

export const dg1Encounter: TableClaims = {
  table: 'DG1[Encounter]',
  rows: {
    'DG1-3 diagnosis.condition(Condition.code)': condition.code,
    'DG1-4 diagnosis.condition(Condition.code.text)': condition.text,
    'DG1-5 diagnosis.condition(Condition.onsetDateTime)': condition.onset,
    'DG1-6 diagnosis.use': done(file, { ...illness, 'DG1-6': 'F' }, 'Encounter.diagnosis.use.coding.code', 'F'),
    'DG1-15 diagnosis.rank': done(file, { ...illness, 'DG1-15': '2' }, 'Encounter.diagnosis.rank', 2),
    'DG1-16 diagnosis.condition(Condition.asserter(Practitioner)': condition.asserter,
    'DG1-19 diagnosis.condition(Condition.extension[1].url)': condition.assertedUrl,
    'DG1-19 diagnosis.condition(Condition.extension[1].valueDateTime)': condition.asserted,
    'DG1-19 diagnosis.condition(Condition.recordedDate)': condition.recorded,
    'DG1-20 diagnosis.condition(Condition.identifier)': condition.identifier,
    'DG1-21 diagnosis.condition(Condition.verificationStatus.coding.code)': condition.withdrawn,
    'DG1-21 diagnosis.condition(Condition.verificationStatus.coding.system': condition.withdrawnSystem,
    'DG1-22 diagnosis.condition(Condition.extension[1].uri)': condition.parentUrl,
    'DG1-22 diagnosis.condition(Condition.extension[1].valueReference(Condition))': condition.parent,
  },
};

export const dg1Episode: TableClaims = {
  table: 'DG1[EpisodeOfCare]',
  rows: {},
  otherwise: 'a diagnosis in ADT is of the visit (DG1[Encounter]); "in context of an episode of care" is a choice that no message states',
};

const kin: Given = { 'NK1-2': 'Muster^Anna', 'NK1-3': 'SPO' };
const phone = (n: number): Given => ({ ...kin, [`NK1-${n}`]: '031 7' });
const office: Given = { 'NK1-3': 'E', 'NK1-13': 'Mill Ltd^^^^^GENHOSP^^^^M9' };

/** Rows that Patient.contact and RelatedPerson share; `[]` is where the table counts. */
const related = (resource: 'Patient.contact' | 'RelatedPerson') => {
  const file = resource === 'RelatedPerson' ? 'related.ts' : 'contact.ts';
  return {
    name: done(file, kin, `${resource}.name.family`, 'Muster'),
    relationship: done(file, kin, `${resource}.relationship.coding.code`, 'SPS'),
    address: done(file, { ...kin, 'NK1-4': 'Weg 1^^Bern' }, `${resource}.address.city`, 'Bern'),
    home: done(file, phone(5), `${resource}.telecom.value`, '031 7'),
    work: done(file, phone(6), `${resource}.telecom.value`, '031 7'),
    workUse: done(file, phone(6), `${resource}.telecom.use`, 'work'),
    role: done(file, { ...kin, 'NK1-7': 'N' }, `${resource}.relationship.coding.code`, 'N'),
    start: done(file, { ...kin, 'NK1-8': '20200101' }, `${resource}.period.start`, '2020-01-01'),
    end: done(file, { ...kin, 'NK1-9': '20250101' }, `${resource}.period.end`, '2025-01-01'),
    gender: done(file, { ...kin, 'NK1-15': 'F' }, `${resource}.gender`, 'female'),
    contactPhone: done(file, phone(31), `${resource}.telecom.value`, '031 7'),
    phone40: done(file, phone(40), `${resource}.telecom.value`, '031 7'),
    phone41: done(file, phone(41), `${resource}.telecom.value`, '031 7'),
  };
};

const contact = related('Patient.contact');
export const nk1: TableClaims = {
  table: 'NK1[Patient]',
  rows: {
    'NK1-2 contact.name': contact.name,
    'NK1-3 contact.relationship[1]': contact.relationship,
    'NK1-4 contact.address': contact.address,
    'NK1-5 contact.telecom[1]': contact.home,
    'NK1-6 contact.telecom[2]': contact.work,
    'NK1-6 contact.telecom[2].use': contact.workUse,
    'NK1-7 contact.relationship[2]': contact.role,
    'NK1-8 contact.period.start': contact.start,
    'NK1-9 contact.period.end': contact.end,
    'NK1-13 contact.organization[1](Organization)': done('contact.ts', office, 'Patient.contact.organization.display', 'Mill Ltd'),
    'NK1-15 contact.gender': contact.gender,
    // The organization is a logical reference: who is to be asked there is the contact's own name, number and address.
    'NK1-30 contact.organization[1](Organization.contact.name)': done(
      'contact.ts',
      { ...office, 'NK1-30': 'Clerk^Carl' },
      'Patient.contact.name.family',
      'Clerk',
    ),
    'NK1-31 contact.organization[1](Organization.contact.telecom)': done(
      'contact.ts',
      { ...office, 'NK1-31': '031 9' },
      'Patient.contact.telecom.value',
      '031 9',
    ),
    'NK1-32 contact.organization[1](Organization.contact.address)': done(
      'contact.ts',
      { ...office, 'NK1-32': 'Mill Lane^^Thun' },
      'Patient.contact.address.city',
      'Thun',
    ),
    'NK1-40 contact.telecom[3]': contact.phone40,
    'NK1-41 contact.telecom[4]': contact.phone41,
  },
};

const person = related('RelatedPerson');
const social: Given = { ...kin, 'NK1-37': '123-45-6789' };
export const nk1Related: TableClaims = {
  table: 'NK1[RelatedPerson]',
  rows: {
    'NK1-2 name[1]': person.name,
    'NK1-3 relationship[1]': person.relationship,
    'NK1-4 address[1]': person.address,
    'NK1-5 telecom[1]': person.home,
    'NK1-6 telecom[2]': person.work,
    'NK1-6 telecom[2].use': person.workUse,
    'NK1-7 relationship[2]': person.role,
    'NK1-8 period.start': person.start,
    'NK1-9 period.end': person.end,
    'NK1-12 identifier[1]': done('related.ts', { ...kin, 'NK1-12': 'EMP1^^^MILL' }, 'RelatedPerson.identifier.value', 'EMP1'),
    'NK1-15 gender': person.gender,
    'NK1-16 birthDate': done('related.ts', { ...kin, 'NK1-16': '19800203' }, 'RelatedPerson.birthDate', '1980-02-03'),
    'NK1-20 communication.language': done(
      'related.ts',
      { ...kin, 'NK1-20': 'de' },
      'RelatedPerson.communication.language.coding.code',
      'de',
    ),
    'NK1-30 name[2]': done('related.ts', { ...kin, 'NK1-30': 'Clerk^Carl' }, 'RelatedPerson.name.family', 'Clerk'),
    'NK1-31 telecom[3]': person.contactPhone,
    'NK1-32 address[2]': done('related.ts', { ...kin, 'NK1-32': 'Mill Lane^^Thun' }, 'RelatedPerson.address.city', 'Thun'),
    'NK1-33 identifier[2]': done('related.ts', { ...kin, 'NK1-33': 'R1^^^GENHOSP' }, 'RelatedPerson.identifier.value', 'R1'),
    'NK1-37 identifier[3].value': done('related.ts', social, 'RelatedPerson.identifier.value', '123456789'),
    'NK1-37 identifier[3].system': done('related.ts', social, 'RelatedPerson.identifier.system', 'http://hl7.org/fhir/sid/us-ssn'),
    'NK1-37 identifier[3].type.coding.code': done('related.ts', social, 'RelatedPerson.identifier.type.coding.code', 'SS'),
    'NK1-37 identifier[3].type.coding.code #2': not('NK1-37 is the US number, as PID-19 is; other countries send theirs in NK1-33'),
    'NK1-40 telecom[4]': person.phone40,
    'NK1-41 telecom[5]': person.phone41,
  },
};
