import { type Claim, done, type Given, not, type TableClaims } from './claim.ts';

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
