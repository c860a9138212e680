import { type Claim, done, type Given, not, type TableClaims } from './claim.ts';

const base = 'http://hl7.org/fhir/StructureDefinition';
const v2 = (table: string) => `http://terminology.hl7.org/CodeSystem/v2-${table}`;
const noName = not('the table has no name for the extension yet ("extension??")');
const of = (by: string, field: string, text: string, path: string, is: string | number, more: Given = {}): Claim =>
  done(by, { [field]: text, ...more }, path, is);

const physical = 'http://terminology.hl7.org/CodeSystem/location-physical-type';
const place = ['4W', '401', 'A', 'CLINIC', '', '', 'Tower', '7'];
const given: Given = { 'PV1-3': place.join('^') };
/** One level of a place; `at` is its number in the table, `parent` the level above it and that level's code. */
const level = (c: number, at: number, code: string, parent?: readonly [number: number, code: string]): Readonly<Record<string, Claim>> => {
  const without: Given = { 'PV1-3': place.map((text, index) => (index === c - 1 ? '' : text)).join('^') };
  const key = (path: string) => (c === 1 ? `PL.1 [4].location(Location.${path})` : `PL.${c} [${at}].${path}`);
  const shows = (path: string, is: string, gone: Given) => done('location.ts', given, `Location.${path}`, is, gone);
  return {
    [`PL.${c} [${at}].identifier[1]`]: shows('identifier.value', place[c - 1] ?? '', without),
    [key('mode')]: shows('mode', 'instance', {}),
    // A facility is there in any case: PL.4, else the sender's own.
    [key('physicalType.coding.code')]: shows('physicalType.coding.code', code, c === 4 ? {} : without),
    [key('physicalType.coding.system')]: shows('physicalType.coding.system', physical, {}),
    // The parent is the next level above that the message names.
    ...(parent
      ? { [`PL.${c} [${at}].partOf.reference(Location[${parent[0]}])`]: shows('partOf.resolve().physicalType.coding.code', parent[1], {}) }
      : {}),
  };
};
const words = not(
  'patients share Locations, which are written once from what tells them apart (SEMANTICS, Transaction): a description is not',
);
const second = not(
  'a Location is found by what tells it apart (facility, ward, room, bed); a second number for it would need an owner of places, which no message about a patient is',
);
const tenths = [
  ...['[1].identifier[2]', '[2].identifier[2]', '[5].identifier[2]', '[3].identifier[2]', '[4].identifier[2]', '[6].identifier[2]'],
  ...[
    '[1].identifier[2] #2',
    '[2].identifier[2] #2',
    '[4].identifier[2] #2',
    '[3].identifier[2] #2',
    '[5].identifier[2] #2',
    '[6].identifier[2] #2',
  ],
];
export const pl: TableClaims = {
  table: 'PL[Location]',
  rows: {
    ...level(1, 4, 'wa', [6, 'lvl']),
    ...level(2, 2, 'ro', [3, 'wa']),
    ...level(3, 1, 'bd', [2, 'ro']),
    ...level(4, 6, 'si'),
    ...level(7, 5, 'bu', [5, 'si']),
    ...level(8, 3, 'lvl', [4, 'bu']),
    'PL.9 [1].location(Location.description)': words,
    ...Object.fromEntries(tenths.map((key) => [`PL.10 ${key}`, second])),
    'PL.11 [1-6].identifier[1].assigner(Organization)': second,
    'PL.11 [1-6].identifier[2].assigner(Organization)': second,
  },
};
export const hdLocation: TableClaims = {
  table: 'HD[Location]',
  rows: {
    'HD.1 name': done('location.ts', given, 'Location.name', 'CLINIC', {}),
    'HD.2 identifier.value': done('location.ts', { 'PV1-3': '4W^401^A^&1.2.3&ISO' }, 'Location.identifier.value', '1.2.3', {}),
    'HD.2 physicalType.coding.code': done('location.ts', given, 'Location.physicalType.coding.code', 'si', {}),
    'HD.2 physicalType.coding.system': done('location.ts', given, 'Location.physicalType.coding.system', physical, {}),
  },
};
const system = (text: string, is: string) => done('identifier.ts', { 'PID-3': text }, 'Patient.identifier.system', is, {});
export const hdUri: TableClaims = {
  table: 'HD[uri]',
  rows: {
    // A bare namespace is no URI: it gets its configured system, else urn:id:.
    'HD.1 $value': system('7^^^LAB', 'urn:id:LAB'),
    'HD.2 $value': system('7^^^&1.2.3&ISO', 'urn:oid:1.2.3'),
    'HD.2 $value #2': system('7^^^&6F9619FF-8B86-D011-B42D-00CF4FC964FF&UUID', 'urn:uuid:6f9619ff-8b86-d011-b42d-00cf4fc964ff'),
    'HD.2 $value #3': system('7^^^&http://x.org/ids&URI', 'http://x.org/ids'),
  },
};
export const dld: TableClaims = {
  table: 'DLD[Location-Discharge]',
  rows: {
    // The destination is a logical reference, known by this code.
    'DLD.1 type': of('encounter.ts', 'PV1-37', 'SNF^20260501', 'Encounter.hospitalization.destination.identifier.value', 'SNF'),
  },
};

const directory = not(
  'a practitioner is a logical reference (number and display): names, validity and qualifications are the provider directory’s, no patient’s turn writes them',
);
const xcn = 'D7^Welby^Marcus^Mark^Jr^Dr^MD^^GENHOSP^L^3^M10^NPI';
const inXcn = (path: string, is: string): Claim => of('practitioner.ts', 'PV1-7', xcn, `Encounter.participant.individual.${path}`, is);
/** Name parts show in the display, which is another one without any of them. */
const display = inXcn('display', 'Dr Marcus Mark Welby Jr');
const practitioner = (in_: (path: string) => string, practioner: (path: string) => string = in_) => ({
  [`XCN.1 ${in_('identifier[1].value')}`]: inXcn('identifier.value', 'D7'),
  [`XCN.2 ${in_('name')}`]: display,
  [`XCN.9 ${practioner('identifier[1].assigner(Organization)')}`]: inXcn('identifier.assigner.display', 'GENHOSP'),
  [`XCN.9 ${practioner('identifier[1].system')}`]: inXcn('identifier.system', 'urn:id:GENHOSP'),
  [`XCN.10 ${in_('name.use')}`]: directory,
  [`XCN.13 ${in_('identifier[1].type.coding.code')}`]: inXcn('identifier.type.coding.code', 'NPI'),
  [`XCN.17 ${in_('name.period')}`]: directory,
  [`XCN.18 ${in_('name.family.extension.url')}`]: directory,
  [`XCN.18 ${in_('name.family.extension.valueCode')}`]: directory,
  [`XCN.19 ${in_('name.period.start')}`]: directory,
  [`XCN.20 ${in_('name.period.end')}`]: directory,
});
const digit = inXcn('identifier.extension.valueString', '3');
const digitUrl = inXcn('identifier.extension.url', `${base}/identifier-checkDigit`);
const scheme = inXcn('identifier.extension.valueString', 'M10');
const schemeUrl = inXcn('identifier.extension.url', `${base}/namingsystem-checkDigit`);
export const xcnPractitioner: TableClaims = {
  table: 'XCN[Practitioner]',
  rows: {
    ...practitioner((path) => path),
    'XCN.3 name.given[1]': display,
    'XCN.4 name.given[2]': display,
    'XCN.5 name.suffix[1]': display,
    'XCN.6 name.prefix': display,
    'XCN.7 qualification.code': directory,
    'XCN.11 identifier[1].extension[1].url': digitUrl,
    'XCN.11 identifier[1].extension[1].valueString': digit,
    'XCN.12 identifier[1].extension[2].url': schemeUrl,
    'XCN.12 identifier[1].extension[2].valueString': scheme,
    'XCN.14 identifier.extension??-assigningFacility': noName,
    'XCN.21 name.suffix[2]': directory,
  },
};
const within = (path: string) => `practitioner(Practitioner.${path.replace(/^identifier\[1\]\.type/, 'identifier.type')})`;
export const xcnRole: TableClaims = {
  table: 'XCN[PractitionerRole]',
  rows: {
    ...practitioner(within, (path) => `practitioner(Practioner.${path})`),
    'XCN.3 practitioner(Practitioner.name.given)': display,
    'XCN.4 practitioner(Practitioner.name.given)': display,
    'XCN.5 practitioner(Practitioner.name.suffix)': display,
    'XCN.6 practitioner(Practitioner.name.prefix)': display,
    'XCN.7 practitioner(Practitioner.name.suffix)': directory,
    'XCN.11 practitioner(Practitioner.identifier.extension[1].url)': digitUrl,
    'XCN.11 practitioner(Practitioner.identifier.extension[1].valueString)': digit,
    'XCN.12 practitioner(Practitioner.identifier.extension[2].url)': schemeUrl,
    'XCN.12 practitioner(Practitioner.identifier.extension[2].valueString)': scheme,
    'XCN.14 practitioner(Practitioner.identifier.extension-assigningFacility)': noName,
    'XCN.21 practitioner(Practitioner.name.suffix)': directory,
  },
};
const cnn = ['D7', 'Welby', 'Marcus', 'Mark', 'Jr', 'Dr', 'MD', '', 'GENHOSP'];
const inCnn = (n: number, path: string, is: string): Claim =>
  done('report.ts', { 'OBR-32': cnn.join('&') }, `DiagnosticReport.resultsInterpreter.${path}`, is, {
    'OBR-32': cnn.map((text, index) => (index === n - 1 ? '' : text)).join('&'),
  });
const inDisplay = (n: number) => inCnn(n, 'display', 'Dr Marcus Mark Welby Jr');
export const cnnPractitioner: TableClaims = {
  table: 'CNN[Practitioner]',
  rows: {
    'CNN.1 identifier.value': inCnn(1, 'identifier.value', 'D7'),
    'CNN.2 name.family': inDisplay(2),
    'CNN.3 name.given[1]': inDisplay(3),
    'CNN.4 name.given[2]': inDisplay(4),
    'CNN.5 name.suffix[1]': inDisplay(5),
    'CNN.6 name.prefix': inDisplay(6),
    'CNN.7 name.suffix[2]': directory,
    // The table has no name for its extensions; an authority is a system, as everywhere.
    'CNN.9 identifier.extension??-assigningauthority.nameSpaceID': inCnn(9, 'identifier.system', 'urn:id:GENHOSP'),
    'CNN.10 identifier.extension??-assigningauthority.universalID': done(
      'report.ts',
      { 'OBR-32': 'D7&Welby&&&&&&&&1.2.3&ISO' },
      'DiagnosticReport.resultsInterpreter.identifier.system',
      'urn:oid:1.2.3',
      { 'OBR-32': 'D7&Welby' },
    ),
    'CNN.11 identifier.extension??-assigningauthority.univeralIDType': done(
      'report.ts',
      { 'OBR-32': 'D7&Welby&&&&&&&&http://x.org/1&URI' },
      'DiagnosticReport.resultsInterpreter.identifier.system',
      'http://x.org/1',
      { 'OBR-32': 'D7&Welby&&&&&&&&http://x.org/1' },
    ),
  },
};
export const ndl: TableClaims = {
  table: 'NDL[PractitionerRole]',
  rows: {
    'NDL.1 practitioner(Practitioner)': done(
      'report.ts',
      { 'OBR-32': 'D7&Welby^202605010900' },
      'DiagnosticReport.resultsInterpreter.identifier.value',
      'D7',
    ),
  },
  otherwise:
    'the person is what a report tells (a logical reference); when and in which room it was read is no part of it, and no turn writes shared places for it',
};

const xon = 'Gen Lab^L^7^3^M10^CLIA&1.2&ISO^XX^^^05D';
const inXon = (path: string, is: string): Claim => of('performer.ts', 'OBX-23', xon, `Observation.contained[Organization].${path}`, is);
export const xonOrganization: TableClaims = {
  table: 'XON[Organization]',
  rows: {
    'XON.1 name': inXon('name', 'Gen Lab'),
    'XON.2 extension??-nameType': noName,
    'XON.3 identifier.value': of('performer.ts', 'OBX-23', 'Gen Lab^L^7', 'Observation.contained[Organization].identifier.value', '7'),
    'XON.4 identifier[1].extension[1].url': inXon('identifier.extension.url', `${base}/identifier-checkDigit`),
    'XON.4 identifier[1].extension[1].valueString': inXon('identifier.extension.valueString', '3'),
    'XON.5 identifier[1].extension[2].url': inXon('identifier.extension.url', `${base}/namingsystem-checkDigit`),
    'XON.5 identifier[1].extension[2].valueString': inXon('identifier.extension.valueString', 'M10'),
    'XON.6 identifier[1].assigner(Organization)': inXon('identifier.assigner.display', 'CLIA'),
    'XON.6 identifier[1].system': inXon('identifier.system', 'urn:oid:1.2'),
    'XON.7 identifier.type.coding.code': inXon('identifier.type.coding.code', 'XX'),
    'XON.7 identifier.type.coding.system': inXon('identifier.type.coding.system', v2('0203')),
    'XON.8 identifier.extension??-location': noName,
    'XON.10 identifier.value': inXon('identifier.value', '05D'),
  },
};
const congregation = (text: string, is: string) =>
  of('patient.ts', 'PD1-14', text, 'Patient.extension[patient-congregation].valueString', is);
export const xonString: TableClaims = {
  table: 'XON[string]',
  rows: { 'XON.1 $value': congregation('St. Mary', 'St. Mary'), 'XON.10 $value': congregation('^^^^^^^^^C9', 'C9') },
};

const length = (path: string, is: string | number) => done('encounter.ts', { 'PV2-11': '4' }, `Encounter.length.${path}`, is, {});
export const nmLength: TableClaims = {
  table: 'NM[Quantity-LengthOfStay]',
  rows: {
    'NM.1 value': length('value', 4),
    'NM.1 unit': length('unit', 'days'),
    // The system's address has no slash at its end.
    'NM.1 system': length('system', 'http://unitsofmeasure.org'),
    'NM.1 code': length('code', 'd'),
  },
};
export const nmQuantity: TableClaims = {
  table: 'NM[Quantity]',
  rows: { 'NM.1 $value': of('quantity.ts', 'OBX-5', '5.4', 'Observation.valueQuantity.value', 5.4, { 'OBX-2': 'NM' }) },
};
export const nmPositive: TableClaims = {
  table: 'NM[positiveInt]',
  rows: { 'NM.1 $value': of('condition.ts', 'DG1-15', '2', 'Encounter.diagnosis.rank', 2, { 'DG1-3': 'J18^Pneumonia^I10' }) },
};
const sn = (text: string, path: string, is: string | number, without?: string): Claim =>
  done(
    'value.ts',
    { 'OBX-5': text, 'OBX-2': 'SN' },
    `Observation.${path}`,
    is,
    without === undefined ? undefined : { 'OBX-5': without, 'OBX-2': 'SN' },
  );
const original = `${base}/originalText`;
export const snQuantity: TableClaims = {
  table: 'SN[Quantity]',
  rows: {
    'SN extension[1].url': sn('>^3^.^9', 'valueQuantity.extension.url', original, '>^3'),
    'SN extension[1].valueString': sn('>^3^.^9', 'valueQuantity.extension.valueString', '> 3 . 9', '>^3'),
    'SN.1 comparator': sn('<^5', 'valueQuantity.comparator', '<'),
    'SN.2 value': sn('<^5', 'valueQuantity.value', 5),
  },
};
export const snRange: TableClaims = {
  table: 'SN[Range]',
  rows: {
    'SN extension[1].url': sn('^3^-^5', 'valueRange.extension.url', original, '^3'),
    'SN extension[1].valueString': sn('^3^-^5', 'valueRange.extension.valueString', '3 - 5', '^3'),
    'SN.2 low.value': sn('^3^-^5', 'valueRange.low.value', 3),
    'SN.4 high.value': sn('^3^-^5', 'valueRange.high.value', 5),
  },
};
export const snRatio: TableClaims = {
  table: 'SN[Ratio]',
  rows: {
    'SN extension[1].url': sn('^1^:^128', 'valueRatio.extension.url', original, '^1'),
    'SN extension[1].valueString': sn('^1^:^128', 'valueRatio.extension.valueString', '1 : 128', '^1'),
    'SN.1 numerator.comparator': sn('>^1^:^128', 'valueRatio.numerator.comparator', '>'),
    'SN.2 numerator.value': sn('^1^:^128', 'valueRatio.numerator.value', 1),
    'SN.4 denominator.value': sn('^1^:^128', 'valueRatio.denominator.value', 128),
  },
};
const value = (type: string, text: string, path: string, is: string | number) =>
  of('value.ts', 'OBX-5', text, `Observation.${path}`, is, { 'OBX-2': type });
export const nr: TableClaims = {
  table: 'NR[Range]',
  rows: {
    'NR.1 low.value': value('NR', '3^5', 'valueRange.low.value', 3),
    'NR.2 high.value': value('NR', '3^5', 'valueRange.high.value', 5),
  },
};
/** FHIR has the samples with a space between (SampledData.data), whatever the table's `^`. */
const samples = value('NA', '1^2^3^4', 'valueSampledData.data', '1 2 3 4');
export const na: TableClaims = {
  table: 'NA[SampledData]',
  rows: {
    'NA dimensions': done('value.ts', { 'OBX-5': '1^2~3^4', 'OBX-2': 'NA' }, 'Observation.valueSampledData.dimensions', 2, {
      'OBX-5': '1^2',
      'OBX-2': 'NA',
    }),
    'NA.1 data': samples,
    'NA.2 data': samples,
    'NA.3 data': samples,
    'NA.4 data': samples,
  },
};
export const drPeriod: TableClaims = {
  table: 'DR[Period]',
  rows: {
    'DR.1 start': value('DR', '20260501^20260502', 'valuePeriod.start', '2026-05-01'),
    'DR.2 end': value('DR', '20260501^20260502', 'valuePeriod.end', '2026-05-02'),
  },
};
export const drDateTime: TableClaims = {
  table: 'DR[dateTime]',
  rows: {
    'DR.1 $value': of('specimen.ts', 'SPM-17', '202605010900', 'Specimen.collection.collectedDateTime', '2026-05-01T09:00:00+00:00', {
      'SPM-4': 'BLD',
    }),
  },
};
export const dtm: TableClaims = {
  table: 'DTM[dateTime]',
  rows: { 'DTM.1 $value': of('datetime.ts', 'PV1-44', '202604300900-0500', 'Encounter.period.start', '2026-04-30T09:00:00-05:00') },
};
export const ts: TableClaims = {
  table: 'TS[dateTime]',
  rows: {
    'TS.1 $value': of('datetime.ts', 'OBR-14', '202605010900', 'Specimen.receivedTime', '2026-05-01T09:00:00+00:00', { 'OBR-15': 'BLD' }),
  },
};
const document = (text: string, path: string, is: string | number, without: string) =>
  done('topologies/lab-results/document.ts', { 'OBX-5': text, 'OBX-2': 'ED' }, path, is, { 'OBX-5': without, 'OBX-2': 'ED' });
const asType = not(
  'the content type comes from the document’s first bytes and its subtype; where neither tells it is application/octet-stream',
);
export const ed: TableClaims = {
  table: 'ED[Attachment]',
  rows: {
    'ED.2 extension[1].url': asType,
    'ED.2 extension[1].valueCodeableConcept': asType,
    'ED.3 contentType': document(
      '^AP^XML^A^some text',
      'Observation.extension.valueAttachment.contentType',
      'application/xml',
      '^^^A^some text',
    ),
    // The data is a Binary of its own (a large one in the blob store), to which the attachment's url leads.
    'ED.5 data': document('^TX^PLAIN^Base64^SGVsbG8=', 'Binary.data', 'SGVsbG8=', '^TX^PLAIN^Base64'),
  },
};
export const rp: TableClaims = {
  table: 'RP[Attachment]',
  rows: {
    'RP.1 url': value('RP', 'http://pacs/1^^image^jpeg', 'extension.valueAttachment.url', 'http://pacs/1'),
    'RP.3 contentType': value('RP', 'http://pacs/1^^image^x-special', 'extension.valueAttachment.contentType', 'image/x-special'),
  },
};
const entity = (text: string, path: string, is: string) => of('entity.ts', 'OBX-21', text, `Observation.identifier.${path}`, is);
export const eiIdentifier: TableClaims = {
  table: 'EI[Identifier-Extension]',
  rows: {
    'EI.1 value': entity('OB1^LAB', 'value', 'OB1'),
    // The table has no name for its extensions; an authority is a system, as everywhere.
    'EI.2 extension??-assigningauthority.nameSpaceID': entity('OB1^LAB', 'system', 'urn:id:LAB'),
    'EI.3 extention??-assigningauthority.universalID': entity('OB1^^1.2.3^ISO', 'system', 'urn:oid:1.2.3'),
    'EI.4 extension??-assigningauthority.univeralIDType': entity('OB1^^http://x.org/1^URI', 'system', 'http://x.org/1'),
  },
};
const parent = (text: string, path: string, is: string) =>
  of('condition.ts', 'DG1-22', text, `Condition.extension[condition-dueTo].valueReference.identifier.${path}`, is, {
    'DG1-3': 'J18^Pneumonia^I10',
    'PV1-19': 'V9',
  });
export const eiCondition: TableClaims = {
  table: 'EI[Condition]',
  rows: {
    'EI.1 identifier.value': parent('DX0^LAB', 'value', 'DX0'),
    'EI.2 assigner(Organization[1].identifier[1].value)': parent('DX0^LAB', 'assigner.display', 'LAB'),
    'EI.3 assigner(Organization[1].identifier[2].value)': parent('DX0^^1.2.3^ISO', 'system', 'urn:oid:1.2.3'),
    'EI.4 assigner(Organization[1].identifier[2].type)': parent('DX0^^http://x.org/1^URI', 'system', 'http://x.org/1'),
  },
};
const pair = (path: string, is: string, without: string): Claim =>
  done('entity.ts', { 'SPM-2': 'S1^S2', 'SPM-4': 'BLD' }, `Specimen.identifier.${path}`, is, { 'SPM-2': without, 'SPM-4': 'BLD' });
export const eipPlacer: TableClaims = {
  table: 'EIP[Identifier-PlacerAssignedIdentifier]',
  rows: {
    'EIP.1 value': pair('value', 'S1', '^S2'),
    'EIP.1 type.coding.code': pair('type.coding.code', 'PGN', '^S2'),
    'EIP.1 type.coding.system': pair('type.coding.system', v2('0203'), ''),
  },
};
export const eipFiller: TableClaims = {
  table: 'EIP[Identifier-FillerAssignedIdentifier]',
  rows: {
    'EIP.2 value': pair('value', 'S2', 'S1'),
    'EIP.2 type.coding.code': pair('type.coding.code', 'FGN', 'S1'),
    'EIP.2 type.coding.system': pair('type.coding.system', v2('0203'), ''),
  },
};
export const cq: TableClaims = {
  table: 'CQ[Quantity]',
  rows: {
    'CQ.1 value': of('specimen.ts', 'SPM-12', '5^mL', 'Specimen.collection.quantity.value', 5, { 'SPM-4': 'BLD' }),
    'CQ.2 unit': of('specimen.ts', 'SPM-12', '5^mL', 'Specimen.collection.quantity.unit', 'mL', { 'SPM-4': 'BLD' }),
  },
};
const source = (path: string, is: string) => of('specimen.ts', 'OBR-15', 'BLD^EDTK^Free words^LA&Left arm&L^^CLOT', `Specimen.${path}`, is);
export const sps: TableClaims = {
  table: 'SPS[Specimen-Source]',
  rows: {
    'SPS.1 type': source('type.coding.code', 'BLD'),
    'SPS.2 container.additiveCodeableConcept': source('container.additiveCodeableConcept.coding.code', 'EDTK'),
    'SPS.3 note(Annotation.text)': source('note.text', 'Free words'),
    'SPS.4 collection.bodySite': source('collection.bodySite.coding.code', 'LA'),
    'SPS.6 condition': source('condition.coding.code', 'CLOT'),
  },
};
const sub = (path: string, is: string | number): Claim =>
  of('observation.ts', 'OBX-4', 'whole^1^2^part', `Observation.extension[observation-v2-subid].extension${path}`, is);
const outer = done('observation.ts', { 'OBX-4': 'whole' }, 'Observation.extension.url', `${base}/observation-v2-subid`, {});
export const og: TableClaims = {
  table: 'OG[Extension-Subidentifier]',
  rows: {
    'OG.1 extension[1]:group.url': outer,
    'OG.1 extension[1]:orginal-sub-identiier.valueString': sub('[original-sub-identifier].valueString', 'whole'),
    'OG.2 extension[1]:group.url': outer,
    'OG.2 extension[1]:group.valueDecimal': sub('[group].valueDecimal', 1),
    'OG.3 extension[1]:group.url': outer,
    // The table repeats the name of the row above; the extension's part is "sequence".
    'OG.3 extension[1]:group.valueDecimal': sub('[sequence].valueDecimal', 2),
    'OG.4 extension[1]:group.url': outer,
    'OG.4 extension[1]:identifier.valueString': sub('[identifier].valueString', 'part'),
  },
};
export const tq: TableClaims = {
  table: 'TQ[ServiceRequest]',
  rows: {
    'TQ.6 priority': of('order.ts', 'ORC-7', '^^^^^S', 'DiagnosticReport.contained[ServiceRequest].priority', 'stat'),
    'TQ.8 note(Annotation.text)': of(
      'order.ts',
      'ORC-7',
      '^^^^^^^Call first',
      'DiagnosticReport.contained[ServiceRequest].note.text',
      'Call first',
    ),
  },
  otherwise: 'TQ is withdrawn since 2.7; how often something is to be done is the order’s, of which a report tells priority and words',
};
