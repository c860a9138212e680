import { done, type Given, not, type TableClaims } from './claim.ts';

const v2 = (table: string) => `http://terminology.hl7.org/CodeSystem/v2-${table}`;
const noName = not('the table has no name for the extension yet ("extension??")');
const nine = '2026-05-01T09:00:00+00:00';
const half = '2026-05-01T09:30:00+00:00';

const blood: Given = { 'OBR-15': 'BLD' };
const note = (field: string, given: string, path: string, is: string) =>
  done('note.ts', { [field]: given, ...(field === 'NTE-3' ? {} : { 'NTE-3': 'A note' }) }, `Observation.note.${path}`, is);
const notes = {
  'NTE-3 note.text': note('NTE-3', 'A note', 'text', 'A note'),
  'NTE-4 extension??-noteType': noName,
  'NTE-5 note.authorReference(Practitioner)': note('NTE-5', 'D7^Welby', 'authorReference.identifier.value', 'D7'),
  'NTE-6 note.time': note('NTE-6', '202605010900', 'time', nine),
};
export const nte: TableClaims = { table: 'NTE[Observation]', rows: notes };
export const nteOrder: TableClaims = {
  table: 'NTE[ServiceRequest]',
  rows: {},
  otherwise: 'notes of an ORU are of its results (NTE[Observation]); those right behind an OBR are mostly headings that the results repeat',
};

export const obrSpecimen: TableClaims = {
  table: 'OBR[Specimen]',
  rows: {
    'OBR-2 accessionIdentifier': not(
      '"if the placer number is also the accession identifier", which no message says: SPM-30 has the accession number',
    ),
    'OBR-7 collection.collectedDateTime': done(
      'specimen.ts',
      { 'OBR-7': '202605010900', ...blood },
      'Specimen.collection.collectedDateTime',
      nine,
    ),
    'OBR-7 collection.collectedPeriod.start': done(
      'specimen.ts',
      { 'OBR-7': '202605010900', 'OBR-8': '202605010930', ...blood },
      'Specimen.collection.collectedPeriod.start',
      nine,
    ),
    'OBR-8 collection.collectedPeriod.end': done(
      'specimen.ts',
      { 'OBR-8': '202605010930', ...blood },
      'Specimen.collection.collectedPeriod.end',
      half,
    ),
    'OBR-9 collection.quantity': done('specimen.ts', { 'OBR-9': '5^mL', ...blood }, 'Specimen.collection.quantity.value', 5),
    'OBR-10 collection.collector(Practitioner)': done(
      'specimen.ts',
      { 'OBR-10': 'D7^Welby', ...blood },
      'Specimen.collection.collector.identifier.value',
      'D7',
    ),
    'OBR-13 collection.fastingStatusCodeableConcept': done(
      'specimen.ts',
      { 'OBR-13': 'F', ...blood },
      'Specimen.collection.fastingStatusCodeableConcept.coding.code',
      'F',
    ),
    'OBR-13 collection.fastingStatusDuration': not('OBR-13 is a code or words; the table names no form in which it would tell a duration'),
    'OBR-14 receivedTime': done('specimen.ts', { 'OBR-14': '202605010900', ...blood }, 'Specimen.receivedTime', nine),
    'OBR-15 $this': done('specimen.ts', blood, 'Specimen.type.coding.code', 'BLD'),
    'OBR-39 note': done('specimen.ts', { 'OBR-39': 'C1^Clotted^L', ...blood }, 'Specimen.note.text', 'Clotted'),
  },
};

const specimen = (field: number, text: string, path: string, is: string | number) =>
  done('specimen.ts', { [`SPM-${field}`]: text, ...(field === 4 ? { 'SPM-1': '1' } : { 'SPM-4': 'BLD' }) }, `Specimen.${path}`, is);
export const spm: TableClaims = {
  table: 'SPM[Specimen]',
  rows: {
    'SPM-2 identifier[1]': specimen(2, 'S1^S2', 'identifier.value', 'S1'),
    'SPM-2 identifier[2]': specimen(2, 'S1^S2', 'identifier.value', 'S2'),
    'SPM-3 parent[1](Specimen.identifier[1])': specimen(3, 'S8', 'parent.identifier.value', 'S8'),
    // One reference has one identifier: the filler's, where both are given.
    'SPM-3 parent[1](Specimen.identifier[2])': specimen(3, 'S8^S9', 'parent.identifier.value', 'S9'),
    'SPM-4 type': specimen(4, 'SER', 'type.coding.code', 'SER'),
    'SPM-6 container.additiveCodeableConcept': specimen(6, 'EDTK', 'container.additiveCodeableConcept.coding.code', 'EDTK'),
    'SPM-7 collection.method': specimen(7, 'ANP', 'collection.method.coding.code', 'ANP'),
    'SPM-8 collection.bodySite': specimen(8, 'LA^Left arm^HL70163', 'collection.bodySite.coding.code', 'LA'),
    'SPM-9 collection.extension??-bodySiteModifier': noName,
    'SPM-12 collection.quantity': specimen(12, '5^mL', 'collection.quantity.value', 5),
    'SPM-14 note(Annotation.text)': specimen(14, 'Clotted', 'note.text', 'Clotted'),
    'SPM-17 collection.collectedPeriod': specimen(17, '202605010900^202605010930', 'collection.collectedPeriod.end', half),
    'SPM-17 collection.collectedDateTime': specimen(17, '202605010900', 'collection.collectedDateTime', nine),
    'SPM-18 receivedTime': specimen(18, '202605010900', 'receivedTime', nine),
    'SPM-20 status': specimen(20, 'Y', 'status', 'available'),
    'SPM-24 condition': specimen(24, 'CLOT', 'condition.coding.code', 'CLOT'),
    'SPM-27 container.type': specimen(27, 'T1^Tube^L', 'container.type.coding.code', 'T1'),
    'SPM-30 accessionIdentifier': specimen(30, 'ACC1', 'accessionIdentifier.value', 'ACC1'),
    'SPM-31 identifier[2]': specimen(31, 'OTHER1', 'identifier.value', 'OTHER1'),
    'SPM-32 identifier[3]': specimen(32, 'SHIP1', 'identifier.value', 'SHIP1'),
    'SPM-32 identifier[3].type.coding.code': specimen(32, 'SHIP1', 'identifier.type.coding.code', 'SHIP'),
    'SPM-32 identifier[3].type.coding.system="http://terminology.hl7.org/CodeSystem/v2-0203"': specimen(
      32,
      'SHIP1',
      'identifier.type.coding.system',
      v2('0203'),
    ),
  },
};
