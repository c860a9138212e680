import type { CodeableConcept, Extension, Patient } from '../r4.ts';
import { address } from './address.ts';
import { concept, lookup, v2System } from './concept.ts';
import { contactFrom } from './contact.ts';
import type { MappingContext } from './context.ts';
import { parseDtm, toDate, toDateTime } from './datetime.ts';
import { all, codeIn, compact, first, part, type V2Facts, type V2Repetition } from './field.ts';
import { driversLicence, identifier, ssn } from './identifier.ts';
import { humanName, humanNames, nameText } from './name.ts';
import { organization, practitioner } from './practitioner.ts';
import { administrativeSex, maritalStatus, religion, yesNoIndicator } from './tables/index.ts';
import { telecom } from './telecom.ts';

/** The fields of PID and PD1 that reach Patient, its mother (PID-21) and its living will (PD1-7). PID-10 and PID-22 (race, ethnic group) have no international map. */
export const patientFields: readonly string[] = [
  ...[2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21, 23, 24, 25, 26, 28, 29, 30, 35, 36, 39, 40].map((n) => `PID-${n}`),
  ...[3, 4, 6, 7, 14].map((n) => `PD1-${n}`),
];

const base = 'http://hl7.org/fhir/StructureDefinition';

/** Patient from what is known of PID, PD1 and NK1 (segments/PID[Patient], PD1[Patient], NK1[Patient]). */
export function patientFrom(id: string, facts: V2Facts, ctx: MappingContext, contacts: readonly V2Facts[] = []): Patient {
  const gender = codeIn(facts, 'PID-8');
  return {
    resourceType: 'Patient',
    id,
    ...compact<Omit<Patient, 'resourceType' | 'id'>>({
      extension: extensions(facts, ctx),
      identifier: [
        ...['PID-3', 'PID-2', 'PID-4'].flatMap((field) => all(facts, field, (cx) => identifier(cx, ctx))),
        ...all(facts, 'PID-19', (st) => ssn(part(st, 1))),
        ...all(facts, 'PID-20', (dln) => driversLicence(dln, ctx)),
      ],
      name: ['PID-5', 'PID-9'].flatMap((field) => all(facts, field, (xpn) => humanNames(xpn, ctx)).flat()),
      telecom: [
        ...all(facts, 'PID-13', (xtn) => telecom(xtn, ctx, 'home')),
        ...all(facts, 'PID-14', (xtn) => telecom(xtn, ctx, 'work')),
        ...all(facts, 'PID-40', (xtn) => telecom(xtn, ctx)),
      ],
      // PID-8 is a required binding here: a local code can only be "other" than the map's.
      gender: gender === undefined ? undefined : ((lookup(administrativeSex, gender.toUpperCase())?.code ?? 'other') as Patient['gender']),
      birthDate: toDate(first(facts, 'PID-7')),
      _birthDate: birthTime(facts, ctx),
      ...deceased(facts, ctx),
      address: addresses(facts, ctx),
      maritalStatus: all(facts, 'PID-16', (cwe) => concept(cwe, { map: maritalStatus, table: '0002' }))[0],
      ...multipleBirth(facts),
      contact: contacts.map((contact) => contactFrom(contact, ctx)).filter((contact) => contact !== undefined),
      communication: all(facts, 'PID-15', spokenLanguage).map((spoken) => ({ language: spoken })),
      generalPractitioner: [
        ...all(facts, 'PD1-3', (xon) => organization(xon, ctx)),
        ...all(facts, 'PD1-4', (xcn) => practitioner(xcn, ctx)),
      ],
    }),
  };
}

/** Row PID-7, "length greater than 8": the time of birth is an extension of birthDate. */
function birthTime(facts: V2Facts, ctx: MappingContext) {
  const text = first(facts, 'PID-7');
  const value = parseDtm(text)?.time === undefined ? undefined : toDateTime(text, ctx.zone);
  return value === undefined ? undefined : { extension: [{ url: `${base}/patient-birthTime`, valueDateTime: value }] };
}

/** Rows PID-29 and PID-30: the indicator counts only where no time of death is known. */
function deceased(facts: V2Facts, ctx: MappingContext): Pick<Patient, 'deceasedDateTime' | 'deceasedBoolean'> {
  const at = toDateTime(first(facts, 'PID-29'), ctx.zone);
  if (at !== undefined) return { deceasedDateTime: at };
  const indicator = yesNo(first(facts, 'PID-30'));
  return indicator === undefined ? {} : { deceasedBoolean: indicator };
}

/** Rows PID-24 and PID-25. */
function multipleBirth(facts: V2Facts): Pick<Patient, 'multipleBirthInteger' | 'multipleBirthBoolean'> {
  const order = first(facts, 'PID-25');
  if (order !== undefined && /^\d{1,3}$/.test(order)) return { multipleBirthInteger: Number(order) };
  const indicator = yesNo(first(facts, 'PID-24'));
  return indicator === undefined ? {} : { multipleBirthBoolean: indicator };
}

function yesNo(code: string | undefined): boolean | undefined {
  const row = lookup(yesNoIndicator, code?.toUpperCase());
  return row && row.code === 'true';
}

/** Rows PID-11 and PID-12: the county of a single address that names none itself, else an entry of its own. */
function addresses(facts: V2Facts, ctx: MappingContext) {
  const list = all(facts, 'PID-11', (xad) => address(xad, ctx));
  const county = first(facts, 'PID-12');
  if (county === undefined) return list;
  const [only] = list;
  if (list.length === 1 && only && only.district === undefined) return [{ ...only, district: county }];
  return list.length === 1 && only?.district === county ? list : [...list, { district: county }];
}

/** PID-15: the IG's map of table 0296 is a list of BCP 47 tags; a code that looks like one is one. */
export function spokenLanguage(cwe: V2Repetition): CodeableConcept | undefined {
  const spoken = concept(cwe, { table: '0296' });
  const coding = spoken?.coding?.[0];
  if (coding?.system === v2System('0296') && coding.code && /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(coding.code))
    coding.system = 'urn:ietf:bcp:47';
  return spoken;
}

function extensions(facts: V2Facts, ctx: MappingContext): Extension[] {
  const maiden = all(facts, 'PID-6', (xpn) => nameText(humanName(xpn, ctx)));
  const birthPlace = first(facts, 'PID-23');
  const nested = (field: string, url: string) =>
    all(facts, field, (cwe) => concept(cwe)).map((value) => ({ url, extension: [{ url: 'code', valueCodeableConcept: value }] }));
  return [
    ...maiden.map((name) => ({ url: `${base}/patient-mothersMaidenName`, valueString: name })),
    ...all(facts, 'PID-17', (cwe) => concept(cwe, { map: religion, table: '0006' })).map((value) => ({
      url: `${base}/patient-religion`,
      valueCodeableConcept: value,
    })),
    ...(birthPlace ? [{ url: `${base}/patient-birthPlace`, valueAddress: { text: birthPlace } }] : []),
    ...nested('PID-26', `${base}/patient-citizenship`),
    ...nested('PID-39', `${base}/patient-citizenship`),
    ...nested('PID-28', `${base}/patient-nationality`),
    ...animal(facts),
    ...all(facts, 'PD1-6', (cwe) => concept(cwe)).map((value) => ({ url: `${base}/patient-disability`, valueCodeableConcept: value })),
    ...all(facts, 'PD1-14', (xon) => part(xon, 1) ?? part(xon, 10)).map((value) => ({
      url: `${base}/patient-congregation`,
      valueString: value,
    })),
  ];
}

/** Rows PID-35 and PID-36: species and breed, in one extension. A breed alone tells no species, which is mandatory there. */
function animal(facts: V2Facts): Extension[] {
  const kind = (field: string, url: string) =>
    all(facts, field, (cwe) => concept(cwe))
      .slice(0, 1)
      .map((value) => ({ url, valueCodeableConcept: value }));
  const species = kind('PID-35', 'species');
  return species.length === 0 ? [] : [{ url: `${base}/patient-animal`, extension: [...species, ...kind('PID-36', 'breed')] }];
}
