import { done, not, type TableClaims } from './claim.ts';

const [file, ids] = ['patient.ts', 'identifier.ts'];
const noName = not('the table has no name for the extension yet ("extension??")');
const realm = not(
  'the table leaves it to the realm ("local implementation"): OMB categories in the US, Indigenous status in Australia. No international map exists; the message is kept whole in the log.',
);
const citizen = { 'PID-26': 'CHE^Swiss^ISO3166' };
const tribe = { 'PID-39': 'T7^Tribe^L' };
const nation = { 'PID-28': 'DEU^German^ISO3166' };
const species = { 'PID-35': '448771007^Dog^SCT' };
const breed = { 'PID-35': '448771007^Dog^SCT', 'PID-36': '132557008^Beagle^SCT' };
const url = (name: string) => `http://hl7.org/fhir/StructureDefinition/${name}`;

export const pidPatient: TableClaims = {
  table: 'PID[Patient]',
  rows: {
    'PID-2 identifier[1]': done(ids, { 'PID-2': 'EXT1^^^CLINIC' }, 'Patient.identifier.value', 'EXT1'),
    'PID-3 identifier[2]': done(ids, { 'PID-3': '4711^^^GENHOSP^MR~77^^^LAB^PI' }, 'Patient.identifier.value', '77'),
    'PID-4 identifier[3]': done(ids, { 'PID-4': 'ALT1^^^CLINIC^PT' }, 'Patient.identifier.value', 'ALT1'),
    'PID-5 name[1]': done('name.ts', { 'PID-5': 'Muster^Max' }, 'Patient.name.family', 'Muster'),
    'PID-6 extension[1].url': done(file, { 'PID-6': 'Smith^Mary' }, 'Patient.extension.url', url('patient-mothersMaidenName')),
    'PID-6 extension[1].valueString': done(
      file,
      { 'PID-6': 'Smith^Mary' },
      'Patient.extension[patient-mothersMaidenName].valueString',
      'Mary Smith',
    ),
    'PID-7 birthDate': done(file, { 'PID-7': '19800102' }, 'Patient.birthDate', '1980-01-02'),
    'PID-7 birthDate.extension[1].url': done(
      file,
      { 'PID-7': '198001021530' },
      'Patient._birthDate.extension.url',
      url('patient-birthTime'),
      { 'PID-7': '19800102' },
    ),
    'PID-7 birthDate.extension[1].valueDateTime': done(
      file,
      { 'PID-7': '198001021530' },
      'Patient._birthDate.extension.valueDateTime',
      '1980-01-02T15:30:00+00:00',
      { 'PID-7': '19800102' },
    ),
    'PID-8 gender': done(file, { 'PID-8': 'A' }, 'Patient.gender', 'other'),
    'PID-9 name[2]': done('name.ts', { 'PID-9': 'Ghost^The' }, 'Patient.name.family', 'Ghost'),
    'PID-10 local implementation': realm,
    'PID-11 address[1]': done('address.ts', { 'PID-11': 'Weg 1^^Bern' }, 'Patient.address.city', 'Bern'),
    'PID-12 address[1].district': done(file, { 'PID-11': 'Weg 1^^Bern', 'PID-12': 'BE' }, 'Patient.address.district', 'BE'),
    'PID-12 address[2].district': done(file, { 'PID-11': 'Weg 1^^Bern^^^^^^ZH', 'PID-12': 'BE' }, 'Patient.address.district', 'BE'),
    'PID-12 address[2].district #2': done(file, { 'PID-11': 'Weg 1^^Bern~Weg 2^^Thun', 'PID-12': 'BE' }, 'Patient.address.district', 'BE'),
    'PID-12 address[1].district #2': done(file, { 'PID-12': 'BE' }, 'Patient.address.district', 'BE'),
    'PID-13 telecom[1]': done('telecom.ts', { 'PID-13': '031 1' }, 'Patient.telecom.value', '031 1'),
    'PID-13 telecom[1].use': done(file, { 'PID-13': '031 1' }, 'Patient.telecom.use', 'home', { 'PID-13': '031 1^WPN' }),
    'PID-14 telecom[2]': done('telecom.ts', { 'PID-14': '031 2' }, 'Patient.telecom.value', '031 2'),
    'PID-14 telecom[2].use': done(file, { 'PID-14': '031 2' }, 'Patient.telecom.use', 'work', { 'PID-14': '031 2^PRN' }),
    'PID-15 communication.language': done(file, { 'PID-15': 'de-CH' }, 'Patient.communication.language.coding.code', 'de-CH'),
    'PID-16 maritalStatus': done(file, { 'PID-16': 'A' }, 'Patient.maritalStatus.coding.code', 'L'),
    'PID-17 extension[2].url': done(file, { 'PID-17': 'B' }, 'Patient.extension.url', url('patient-religion')),
    'PID-17 extension[2].valueCodeableConcept': done(
      file,
      { 'PID-17': 'B' },
      'Patient.extension[patient-religion].valueCodeableConcept.coding.code',
      '1009',
    ),
    'PID-19 identifier[4].value': done(file, { 'PID-19': '123-45-6789' }, 'Patient.identifier.value', '123456789'),
    'PID-19 identifier[4].type.coding.code': done(file, { 'PID-19': '123-45-6789' }, 'Patient.identifier.type.coding.code', 'SS'),
    'PID-19 identifier[4].type.coding.code #2': not(
      'PID-19 is the US number; other countries send theirs in PID-3 with its authority (HL7 v2.5.1, 3.4.2.19)',
    ),
    'PID-19 identifier[4].type.coding.system': done(
      file,
      { 'PID-3': '1^^^A', 'PID-19': '123-45-6789' },
      'Patient.identifier.type.coding.system',
      'http://terminology.hl7.org/CodeSystem/v2-0203',
    ),
    'PID-19 identifier[4].system': done(file, { 'PID-19': '123-45-6789' }, 'Patient.identifier.system', 'http://hl7.org/fhir/sid/us-ssn'),
    'PID-20 identifier[5]': done(ids, { 'PID-20': 'DL9^CA^20301231' }, 'Patient.identifier.value', 'DL9'),
    'PID-21 $this': done('related.ts', { 'PID-21': 'MOM1^^^GENHOSP' }, 'RelatedPerson.identifier.value', 'MOM1'),
    'PID-22 local implementation': realm,
    'PID-23 extension[3].url': done(file, { 'PID-23': 'Bern' }, 'Patient.extension.url', url('patient-birthPlace')),
    'PID-23 extension[3].valueAddress.text': done(file, { 'PID-23': 'Bern' }, 'Patient.extension.valueAddress.text', 'Bern'),
    'PID-24 multipleBirthBoolean': done(file, { 'PID-24': 'Y' }, 'Patient.multipleBirthBoolean', true),
    'PID-25 multipleBirthInteger': done(file, { 'PID-24': 'Y', 'PID-25': '2' }, 'Patient.multipleBirthInteger', 2),
    'PID-26 extension[4].url': done(file, citizen, 'Patient.extension.url', url('patient-citizenship')),
    'PID-26 extension[4].extension[1].url': done(file, citizen, 'Patient.extension[patient-citizenship].extension.url', 'code'),
    'PID-26 extension[4].extension[1].valueCodeableConcept': done(
      file,
      citizen,
      'Patient.extension[patient-citizenship].extension[code].valueCodeableConcept.coding.code',
      'CHE',
    ),
    'PID-27 extension??-veteranMilitaryStatus': noName,
    'PID-28 extension[5].url': done(file, nation, 'Patient.extension.url', url('patient-nationality')),
    'PID-28 extension[5].extension[1].url': done(file, nation, 'Patient.extension[patient-nationality].extension.url', 'code'),
    'PID-28 extension[5].extension[1].valueCodeableConcept': done(
      file,
      nation,
      'Patient.extension[patient-nationality].extension[code].valueCodeableConcept.coding.code',
      'DEU',
    ),
    'PID-29 deceasedDateTime': done(file, { 'PID-29': '20260501' }, 'Patient.deceasedDateTime', '2026-05-01'),
    'PID-30 deceasedBoolean': done(file, { 'PID-30': 'Y' }, 'Patient.deceasedBoolean', true),
    'PID-31 extension??-identityUnknown': noName,
    'PID-35 extension[6].url': done(file, species, 'Patient.extension.url', url('patient-animal')),
    'PID-35 extension[6].extension[1].url': done(file, species, 'Patient.extension[patient-animal].extension.url', 'species'),
    'PID-35 extension[6].extension[1].valueCodeableConcept': done(
      file,
      species,
      'Patient.extension[patient-animal].extension[species].valueCodeableConcept.coding.code',
      '448771007',
    ),
    'PID-36 extension[6].url': not(
      'the extension asks for a species: a breed without one (PID-35) makes none, and with one it is in that of PID-35',
    ),
    'PID-36 extension[6].extension[2].url': done(file, breed, 'Patient.extension[patient-animal].extension.url', 'breed'),
    'PID-36 extension[6].extension[2].valueCodeableConcept': done(
      file,
      breed,
      'Patient.extension[patient-animal].extension[breed].valueCodeableConcept.coding.code',
      '132557008',
    ),
    'PID-39 extension[7].url': done(file, tribe, 'Patient.extension.url', url('patient-citizenship')),
    'PID-39 extension[7].extension[1].url': done(file, tribe, 'Patient.extension[patient-citizenship].extension.url', 'code'),
    'PID-39 extension[7].extension[1].valueCodeableConcept': done(
      file,
      tribe,
      'Patient.extension[patient-citizenship].extension[code].valueCodeableConcept.coding.code',
      'T7',
    ),
    'PID-40 telecom[3]': done('telecom.ts', { 'PID-40': '^^CP^^^^079' }, 'Patient.telecom.value', '079'),
  },
};

export const pidAccount: TableClaims = {
  table: 'PID[Account]',
  rows: {
    'PID-18 identifier': done('encounter.ts', { 'PID-18': 'ACC1^^^GENHOSP' }, 'Encounter.account.identifier.value', 'ACC1'),
  },
  otherwise: 'no Account is written: the billing system owns it, and the visit refers to it by its number (Encounter.account)',
};

export const pidProvenance: TableClaims = {
  table: 'PID[Provenance-Patient]',
  rows: {},
  otherwise: 'no Provenance is written: who said what, and when, is in the timeline and the log, which hold every message',
};

export const pd1: TableClaims = {
  table: 'PD1[Patient]',
  rows: {
    'PD1-3 generalPractitioner[1](Organization)': done(
      'practitioner.ts',
      { 'PD1-3': 'Praxis Nord^^^^^GENHOSP^^^^P9' },
      'Patient.generalPractitioner.display',
      'Praxis Nord',
    ),
    'PD1-4 generalPractitioner[2](Practitioner)': done(
      'practitioner.ts',
      { 'PD1-4': 'D1^Welby^Marcus' },
      'Patient.generalPractitioner.identifier.value',
      'D1',
    ),
    'PD1-6 extension[1].url': done(file, { 'PD1-6': 'V^Vision impaired^HL70295' }, 'Patient.extension.url', url('patient-disability')),
    'PD1-6 extension[1].valueCodeableConcept': done(
      file,
      { 'PD1-6': 'V^Vision impaired^HL70295' },
      'Patient.extension[patient-disability].valueCodeableConcept.coding.code',
      'V',
    ),
    'PD1-14 extension[2].url': done(file, { 'PD1-14': 'St. Mary' }, 'Patient.extension.url', url('patient-congregation')),
    'PD1-14 extension[2].valueString': done(
      file,
      { 'PD1-14': 'St. Mary' },
      'Patient.extension[patient-congregation].valueString',
      'St. Mary',
    ),
  },
};

export const livingWill: TableClaims = {
  table: 'PD1[Observation-LivingWill]',
  rows: {
    'PD1 status': done('living-will.ts', { 'PD1-7': 'Y' }, 'Observation.status', 'final', {}),
    'PD1 code.coding.system': done('living-will.ts', { 'PD1-7': 'Y' }, 'Observation.code.coding.system', 'http://loinc.org', {}),
    'PD1 code.coding.code': done('living-will.ts', { 'PD1-7': 'Y' }, 'Observation.code.coding.code', '75320-2', {}),
    'PD1-7 valueCodeableConcept': done('living-will.ts', { 'PD1-7': 'Y' }, 'Observation.valueCodeableConcept.coding.code', 'Y'),
  },
};
