import { type Claim, done, type Given, not, type TableClaims } from './claim.ts';

const base = 'http://hl7.org/fhir/StructureDefinition';
const v2 = (table: string) => `http://terminology.hl7.org/CodeSystem/v2-${table}`;
const noName = not('the table has no name for the extension yet ("extension??")');
const of = (by: string, field: string, text: string, path: string, is: string | number, more: Given = {}): Claim =>
  done(by, { [field]: text, ...more }, path, is);

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
