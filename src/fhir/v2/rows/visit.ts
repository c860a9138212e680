import { done, not, type TableClaims } from './claim.ts';

const file = 'encounter.ts';
const doctor = 'D7^Welby^Marcus';
const participation = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType';
const noName = not('the table has no name for the extension yet ("extension?")');

/** The rows of one participant: reference, role, and how the table spells the rest. */
const participant = (field: string, index: string, code: string, text: string, spelled: 'display' | 'text') => ({
  [`${field} participant${index}.individual(Practitioner)`]: done(
    'practitioner.ts',
    { [field]: doctor },
    'Encounter.participant.individual.identifier.value',
    'D7',
  ),
  [`${field} participant${index}.type.coding.code`]: done(file, { [field]: doctor }, 'Encounter.participant.type.coding.code', code),
  [`${field} participant${index}.type.coding.system`]: done(
    file,
    { [field]: doctor },
    'Encounter.participant.type.coding.system',
    participation,
  ),
  // The table has the word as text here and as display there: it is the code's display.
  [`${field} participant${index}.type.${spelled === 'display' ? 'coding.display' : 'text'}`]: done(
    file,
    { [field]: doctor },
    'Encounter.participant.type.coding.display',
    text,
  ),
});

const temporary = { 'PV1-11': 'ER^1^X^GENHOSP' };
const pending = { 'PV1-42': '7E^700^B^GENHOSP' };
const episode = { 'PV1-53': 'Hip replacement', 'PV1-54': 'EP1^^^GENHOSP' };
const visit = { 'PV1-19': 'V9^^^GENHOSP' };

export const pv1: TableClaims = {
  table: 'PV1[Encounter]',
  rows: {
    'PV1-2 class': done(file, { 'PV1-2': 'E' }, 'Encounter.class.code', 'EMER'),
    'PV1-2 status': done(file, { 'MSH-9': 'A08', 'PV1-2': 'P', 'PV1-19': 'V9' }, 'Encounter.status', 'planned'),
    'PV1-3 location[1].location(Location)': done(
      'location.ts',
      { 'PV1-3': '4W^401^A^GENHOSP' },
      'Encounter.location.location.display',
      '4W 401 A',
    ),
    'PV1-3 location[1].status': done(file, { 'PV1-3': '4W^401^A^GENHOSP', 'PV1-2': 'I' }, 'Encounter.location.status', 'active'),
    'PV1-3 location[1].status #2': done(file, { 'PV1-3': '4W^401^A^GENHOSP', 'PV1-2': 'P' }, 'Encounter.location.status', 'planned'),
    'PV1-4 type': done(file, { 'PV1-4': 'E' }, 'Encounter.type.coding.code', 'E'),
    'PV1-5 hospitalization.preAdmissionIdentifier': done(
      'identifier.ts',
      { 'PV1-5': 'PRE1^^^GENHOSP' },
      'Encounter.hospitalization.preAdmissionIdentifier.value',
      'PRE1',
    ),
    'PV1-6 location[2].location(Location)': done(
      'topologies/adt-admissions/visit.ts',
      { 'MSH-9': 'A02', 'PV1-3': '5E^501^B^GENHOSP', 'PV1-6': '4W^401^A^GENHOSP' },
      'Encounter.location.location.display',
      '4W 401 A',
    ),
    'PV1-6 location[2].status': done(
      'topologies/adt-admissions/visit.ts',
      { 'MSH-9': 'A02', 'PV1-3': '5E^501^B^GENHOSP', 'PV1-6': '4W^401^A^GENHOSP' },
      'Encounter.location.status',
      'completed',
    ),
    ...participant('PV1-7', '[1]', 'ATND', 'attender', 'display'),
    ...participant('PV1-8', '[2]', 'REF', 'referrer', 'text'),
    ...participant('PV1-9', '[3]', 'CON', 'consultant', 'text'),
    'PV1-10 serviceType': done(file, { 'PV1-10': 'CAR' }, 'Encounter.serviceType.coding.code', 'CAR'),
    'PV1-11 location[3].location(Location)': done(file, temporary, 'Encounter.location.location.display', 'ER 1 X'),
    'PV1-11 location[3].status': done(file, temporary, 'Encounter.location.status', 'active'),
    'PV1-11 location[3].extension.url': done(
      file,
      temporary,
      'Encounter.location.extension.url',
      'http://hl7.org/fhir/StructureDefinition/subject-locationClassification',
    ),
    'PV1-11 location[3].extension.valueCodeableConcept.coding.code': done(
      file,
      temporary,
      'Encounter.location.extension.valueCodeableConcept.coding.code',
      'temporary',
    ),
    'PV1-11 location[3].extension.valueCodeableConcept.coding.system': done(
      file,
      temporary,
      'Encounter.location.extension.valueCodeableConcept.coding.system',
      'http://hl7.org/fhir/ValueSet/subject-location',
    ),
    'PV1-13 hospitalization.reAdmission': done(file, { 'PV1-13': 'R' }, 'Encounter.hospitalization.reAdmission.coding.code', 'R'),
    'PV1-14 hospitalization.admitSource': done(file, { 'PV1-14': '7' }, 'Encounter.hospitalization.admitSource.coding.code', '7'),
    'PV1-15 hospitalization.specialArrangement': done(
      file,
      { 'PV1-15': 'A2' },
      'Encounter.hospitalization.specialArrangement.coding.code',
      'wheel',
    ),
    'PV1-16 hospitalization.specialCourtesy': done(
      file,
      { 'PV1-16': 'VIP' },
      'Encounter.hospitalization.specialCourtesy.coding.code',
      'VIP',
    ),
    ...participant('PV1-17', '[4]', 'ADM', 'admitter', 'text'),
    'PV1-19 identifier[1]': done('identifier.ts', visit, 'Encounter.identifier.value', 'V9'),
    'PV1-19 identifier[1].type.coding.code': done(file, visit, 'Encounter.identifier.type.coding.code', 'VN'),
    'PV1-19 identifier[1].type.coding.system': done(
      file,
      visit,
      'Encounter.identifier.type.coding.system',
      'http://terminology.hl7.org/CodeSystem/v2-0203',
    ),
    'PV1-19 identifier[1].type.text': done(file, visit, 'Encounter.identifier.type.text', 'visit number'),
    'PV1-36 hospitalization.dischargeDisposition': done(
      file,
      { 'MSH-9': 'A03', 'PV1-36': '01' },
      'Encounter.hospitalization.dischargeDisposition.coding.code',
      '01',
    ),
    'PV1-37 hospitalization.destination(Location)': done(
      file,
      { 'MSH-9': 'A03', 'PV1-37': 'SNF' },
      'Encounter.hospitalization.destination.identifier.value',
      'SNF',
    ),
    'PV1-38 hospitalization.dietPreference': done(file, { 'PV1-38': 'VEG' }, 'Encounter.hospitalization.dietPreference.coding.code', 'VEG'),
    'PV1-40 location[1].location(Location.operationalStatus)': not(
      'patients share Locations: a message about one patient does not change the state of a bed for all (SEMANTICS, Transaction)',
    ),
    'PV1-42 location[4].location(Location)': done(file, pending, 'Encounter.location.location.display', '7E 700 B'),
    'PV1-42 location[4].status': done(file, pending, 'Encounter.location.status', 'reserved'),
    'PV1-44 period.start': done(file, { 'PV1-44': '202604300900' }, 'Encounter.period.start', '2026-04-30T09:00:00+00:00'),
    'PV1-45 period.end': done(file, { 'PV1-45': '202605020900' }, 'Encounter.period.end', '2026-05-02T09:00:00+00:00'),
    'PV1-45 status="finished"': done(file, { 'PV1-45': '202605020900' }, 'Encounter.status', 'finished'),
    'PV1-50 identifier[2]': done('identifier.ts', { 'PV1-50': 'ALT7^^^GENHOSP' }, 'Encounter.identifier.value', 'ALT7'),
    'PV1-52 participant[5].individual(Practitioner)': done(
      'practitioner.ts',
      { 'PV1-52': doctor },
      'Encounter.participant.individual.identifier.value',
      'D7',
    ),
    'PV1-52 participant[5].type.coding.code="PART"': done(file, { 'PV1-52': doctor }, 'Encounter.participant.type.coding.code', 'PART'),
    'PV1-52 participant[5].type.coding.system': done(file, { 'PV1-52': doctor }, 'Encounter.participant.type.coding.system', participation),
    'PV1-52 participant[5].type.text="Participation"': done(
      file,
      { 'PV1-52': doctor },
      'Encounter.participant.type.coding.display',
      'Participation',
    ),
    'PV1-53 episodeOfCare(EpisodeOfCare[1].extension.url)': done(
      file,
      episode,
      'Encounter.episodeOfCare.extension.url',
      'http://hl7.org/fhir/StructureDefinition/resource-instance-description',
    ),
    'PV1-53 episodeOfCare(EpisodeOfCare[1].extension.valueString)': done(
      file,
      episode,
      'Encounter.episodeOfCare.extension.valueString',
      'Hip replacement',
    ),
    'PV1-54 episodeOfCare(EpisodeOfCare[1].identifier)': done(file, episode, 'Encounter.episodeOfCare.identifier.value', 'EP1'),
  },
};

export const pv1Patient: TableClaims = {
  table: 'PV1[Patient]',
  rows: {},
  otherwise: 'only "if person level VIP", which no message says: PV1-16 is the visit’s (Encounter.hospitalization.specialCourtesy)',
};

export const pv1History: TableClaims = {
  table: 'PV1[Basic-EncounterHistory]',
  rows: {},
  otherwise:
    'FHIR R4 has no EncounterHistory, and a Basic resource that stands for it has no readers: where the patient was is in Encounter.location and the timeline',
};

export const pv1Coverage: TableClaims = {
  table: 'PV1[Coverage]',
  rows: {},
  otherwise: 'insurance (IN1 to IN3, PV1-20) is not read: no flow needs a Coverage, and a financial class alone is none',
};

export const pv2: TableClaims = {
  table: 'PV2[Encounter]',
  rows: {
    'PV2-1 location[5].location(Location)': not(
      'it is where a pending transfer that was cancelled (A26) would have led: "planned" would say that the patient is expected there. No flow takes A26.',
    ),
    'PV2-1 location[5].status': not('see the row above'),
    'PV2-1 location[5].extension?-temporaryLocation': noName,
    'PV2-3 reasonCode[1]': done(file, { 'PV2-3': 'R07^Chest pain^I10' }, 'Encounter.reasonCode.coding.code', 'R07'),
    'PV2-7 extension?-visitUserCode': noName,
    'PV2-8 extension[1].url': done(
      file,
      { 'PV2-8': '20260503' },
      'Encounter.extension.url',
      'http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedStartDate',
    ),
    'PV2-8 extension[1].valueDateTime': done(file, { 'PV2-8': '20260503' }, 'Encounter.extension.valueDateTime', '2026-05-03'),
    'PV2-9 extension[2].url': done(
      file,
      { 'PV2-9': '20260509' },
      'Encounter.extension.url',
      'http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate',
    ),
    'PV2-9 extension[2].valueDateTime': done(file, { 'PV2-9': '20260509' }, 'Encounter.extension.valueDateTime', '2026-05-09'),
    'PV2-10 extension?-estimatedLength': noName,
    'PV2-11 length': done(file, { 'PV2-11': '4' }, 'Encounter.length.value', 4),
    'PV2-12 text.div': done(
      file,
      { 'PV2-12': 'Walks \\T\\ talks' },
      'Encounter.text.div',
      '<div xmlns="http://www.w3.org/1999/xhtml">Walks &amp; talks</div>',
    ),
    ...participant('PV2-13', '', 'REF', 'referrer', 'text'),
    'PV2-21 extension?-publicityCode': noName,
    'PV2-22 meta.security': not(
      'Y and N of table 0136 are no security labels, and the map gives none: who may read is the business of access rules, not of a label no reader knows',
    ),
    'PV2-25 priority': done(file, { 'PV2-25': '1' }, 'Encounter.priority.coding.code', 'EM'),
    'PV2-38 extension[1].url': done(
      file,
      { 'PV2-38': 'A' },
      'Encounter.extension.url',
      'http://hl7.org/fhir/StructureDefinition/encounter-modeOfArrival',
    ),
    'PV2-38 extension[1].valueCoding': done(file, { 'PV2-38': 'A' }, 'Encounter.extension.valueCoding.code', 'A'),
    'PV2-40 extension?-admissionLevelOfCare': noName,
  },
};

export const mshEncounter: TableClaims = {
  table: 'MSH[Encounter]',
  rows: {
    'MSH-9 status': done('topologies/adt-admissions/visit.ts', { 'MSH-9': 'A03', 'PV1-3': '4W^401^A' }, 'Encounter.status', 'finished', {
      'MSH-9': 'A01',
      'PV1-3': '4W^401^A',
    }),
  },
};
