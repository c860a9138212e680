import { type Claim, not, type TableClaims } from './claim.ts';
import { tableRows } from './tables.ts';

/**
 * The tables of messages say which map fills which resource: a row is done where its segment map is (rows of that map),
 * in the flow that takes the message. What no map of ours does has its reason here, by segment map.
 */
const reasons: Readonly<Record<string, string>> = {
  'SFT[Device]': 'no Provenance is written that would name the sending software; the record has MSH-3, and the bytes have SFT',
  'SFT[MessageHeader]': 'no message Bundle is made (MSH[MessageHeader])',
  'ROL[Patient-GeneralPractitioner]':
    'ROL is not read: PD1-4 has the general practitioner; the segment is withdrawn since 2.7 in favour of PRT',
  'ROL[CareTeam]': 'ROL is not read, and no flow has a CareTeam',
  'ROL[Encounter-PractitionerRole]': 'ROL is not read: PV1-7, 8, 9, 17 and 52 have the participants',
  'PRT[Patient-GeneralPractitioner-Practitioner]': 'PRT is not read: PD1-4 has the general practitioner',
  'PRT[Patient-GeneralPractitioner-PractitionerRole]': 'PRT is not read: PD1-4 has the general practitioner',
  'PRT[CareTeam]': 'PRT is not read, and no flow has a CareTeam',
  'PRT[PractitionerRole]': 'PRT is not read: PV1, ORC-12, OBR-32 to 35 and OBX-16 and 25 have who took part',
  'PRT[RelatedPerson]': 'PRT is not read: NK1 has who is related',
  'PRT[Device]': 'PRT is not read: OBX-18 has the device',
  'PRT[Observation-Location]': 'PRT is not read; R4’s Observation has no place',
  'PR1[Procedure]': 'PR1 is not read: no flow has procedures',
  'IN1[Coverage]': 'insurance is not read: no flow needs a Coverage',
  'IN3[CareTeam]': 'insurance is not read: no flow needs a Coverage',
};

/** Maps that are done, but not where these rows have them. */
const elsewhere: readonly (readonly [row: RegExp, reason: string])[] = [
  [
    /^ADT_(A06|A09|A17) /,
    'no flow takes the events of this structure: A06 and A07 (a change of class), A09 and A10 (tracking) and A17 (a swap of beds) are refused at the door (AR, AORTA_HL7_004)',
  ],
  [/^ADT_A\d\d .*\.OBX /, 'OBX in ADT is not read: results come from ORU^R01 (lab-results), and height, weight and the like with them'],
  [
    /^ORU_R01 .*\.PATIENT\.(NK1|PD1) (NK1\[|PD1\[Observation)/,
    'who is related, and the living will, are told by ADT (adt-admissions), which a laboratory’s copy must not overwrite',
  ],
  [/PATIENT_OBSERVATION\.OBX /, 'an OBX before any OBR belongs to no report: nothing says who observed what for which order'],
  [
    /NTE\[ServiceRequest\]/,
    'the note is the result’s (Observation.note), which the row names as its target; the map is that of NTE[Observation]',
  ],
];

/** `done`: segment map → whether any of its rows is. */
export const messageTables = (done: ReadonlyMap<string, boolean>): readonly TableClaims[] =>
  Object.entries(tableRows)
    .filter(([, { kind }]) => kind === 'message')
    .map(([table, { rows }]) => ({ table, rows: Object.fromEntries(rows.map(([key]) => [key, claimOf(table, key, done)])) }));

function claimOf(table: string, key: string, done: ReadonlyMap<string, boolean>): Claim {
  const map = /(\S+\[[^\]]+\])(?: #\d+)?$/.exec(key)?.[1] ?? '';
  const exception = elsewhere.find(([row]) => row.test(`${table} ${key}`));
  if (exception) return not(exception[1]);
  if (done.get(map) === false) return not('no row of the segment’s map is done: see the map');
  if (done.get(map)) return { map };
  const reason = reasons[map];
  return not(reason ?? '');
}
