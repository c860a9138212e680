import { hash } from 'node:crypto';
import type {
  CodeableConcept,
  Coding,
  Encounter,
  EncounterDiagnosis,
  EncounterHospitalization,
  EncounterLocation,
  EncounterStatus,
  Extension,
  Period,
  Reference,
} from '../r4.ts';
import { codingOf, concept, lookup, v2System } from './concept.ts';
import type { MappingContext } from './context.ts';
import { toDateTime } from './datetime.ts';
import { decimal } from './decimal.ts';
import { all, compact, first, inside, part, type V2Facts, type V2Repetition } from './field.ts';
import { identifier, ofType } from './identifier.ts';
import { locationIdOf, type Place, placeOf, samePlace } from './location.ts';
import { practitioner } from './practitioner.ts';
import {
  admissionType,
  ambulatoryStatus,
  encounterPriority,
  hospitalService,
  modeOfArrival,
  patientClassEncounterClass,
  patientClassEncounterStatus,
  readmissionIndicator,
} from './tables/index.ts';

/** The fields of PV1 and PV2 that reach Encounter, and the account of PID. */
export const encounterFields: readonly string[] = [
  ...[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 19, 36, 37, 38, 42, 44, 45, 50, 52, 53, 54].map((n) => `PV1-${n}`),
  'PID-18',
  ...[3, 8, 9, 11, 12, 13, 25, 38].map((n) => `PV2-${n}`),
];

/** FHIR id of a visit: of this patient, so that a visit number used twice never joins two patients. */
export const encounterId = (patientId: string, visit: string): string =>
  `enc-${hash('sha256', JSON.stringify([patientId, visit]), 'hex').slice(0, 32)}`;

/** A stay at one place. */
export interface Stay {
  readonly place: Place;
  readonly period: Period;
  readonly ended: boolean;
}

export interface EncounterView {
  readonly id: string;
  readonly patientId: string;
  readonly status: EncounterStatus;
  readonly period: Period | undefined;
  readonly stays: readonly Stay[];
  /** Diagnoses of the newest DG1 list. */
  readonly diagnoses?: readonly EncounterDiagnosis[];
  /** PV1 and PV2 as they stand after all events. */
  readonly facts: V2Facts;
}

/** Encounter (segments/PV1[Encounter], segments/PV2[Encounter]). */
export function encounterFrom(view: EncounterView, ctx: MappingContext): Encounter {
  const { facts } = view;
  const one = (field: string, options?: Parameters<typeof concept>[1]) => all(facts, field, (cwe) => concept(cwe, options));
  return {
    resourceType: 'Encounter',
    id: view.id,
    status: view.status,
    class: classOf(facts),
    subject: { reference: `Patient/${view.patientId}` },
    ...compact<Omit<Encounter, 'resourceType' | 'id' | 'status' | 'class' | 'subject'>>({
      identifier: [
        ...all(facts, 'PV1-19', (cx) => identifier(cx, ctx)).map((visit) => ({ ...visit, type: ofType('VN', 'visit number') })),
        ...all(facts, 'PV1-50', (cx) => identifier(cx, ctx)),
      ],
      text: narrative(first(facts, 'PV2-12')),
      episodeOfCare: episodes(facts, ctx),
      account: all(facts, 'PID-18', (cx) => identifier(cx, ctx)).map((account) => ({ type: 'Account', identifier: account })),
      type: one('PV1-4', { map: admissionType, table: '0007' }),
      serviceType: one('PV1-10', { map: hospitalService, table: '0069' })[0],
      priority: one('PV2-25', { map: encounterPriority, table: '0217' })[0],
      participant: participants(facts, ctx),
      period: view.period,
      extension: extensions(facts, ctx),
      length: lengthOf(facts),
      reasonCode: one('PV2-3'),
      diagnosis: [...(view.diagnoses ?? [])],
      hospitalization: hospitalization(facts, ctx),
      location: locations(view),
    }),
  };
}

/** Rows PV2-8, 9 and 38. */
function extensions(facts: V2Facts, ctx: MappingContext): Extension[] {
  const planned = (field: string, name: string) => {
    const at = toDateTime(first(facts, field), ctx.zone);
    return at ? [{ url: `http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.${name}`, valueDateTime: at }] : [];
  };
  const arrival = all(facts, 'PV2-38', (cwe) => concept(cwe, { map: modeOfArrival, table: '0430' })?.coding?.[0]);
  return [
    ...planned('PV2-8', 'plannedStartDate'),
    ...planned('PV2-9', 'plannedEndDate'),
    ...arrival.map((coding) => ({ url: 'http://hl7.org/fhir/StructureDefinition/encounter-modeOfArrival', valueCoding: coding })),
  ];
}

/** Row PV2-12: what the message says of the visit in words. */
function narrative(text: string | undefined): Encounter['text'] {
  const escaped = text?.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return escaped === undefined ? undefined : { status: 'additional', div: `<div xmlns="http://www.w3.org/1999/xhtml">${escaped}</div>` };
}

/** Rows PV1-53 and PV1-54. The episode is the sender's: a logical reference. */
function episodes(facts: V2Facts, ctx: MappingContext): Reference[] {
  const said = first(facts, 'PV1-53');
  const url = 'http://hl7.org/fhir/StructureDefinition/resource-instance-description';
  const reference = compact<Reference>({
    extension: said ? [{ url, valueString: said }] : [],
    identifier: all(facts, 'PV1-54', (cx) => identifier(cx, ctx))[0],
  });
  return reference ? [{ ...reference, type: 'EpisodeOfCare' }] : [];
}

/** Row PV2-11: days (datatypes/NM[Quantity-LengthOfStay]). */
function lengthOf(facts: V2Facts): Encounter['length'] {
  const value = decimal(first(facts, 'PV2-11'));
  return value === undefined ? undefined : { value, unit: 'days', system: 'http://unitsofmeasure.org', code: 'd' };
}

/** Row PV1-2 → class. It is mandatory in FHIR: without a code it is unknown. */
function classOf(facts: V2Facts): Coding {
  const field = facts['PV1-2']?.[0];
  const row = lookup(patientClassEncounterClass, part(field, 1)?.toUpperCase());
  if (row) return codingOf(row);
  const own = field && concept(field, { table: '0004' })?.coding?.[0];
  return own ?? { system: 'http://terminology.hl7.org/CodeSystem/v3-NullFlavor', code: 'UNK', display: 'unknown' };
}

/** Row PV1-2 → status, for events that say nothing of it themselves (A08). */
export const statusOfClass = (facts: V2Facts): EncounterStatus =>
  (lookup(patientClassEncounterStatus, first(facts, 'PV1-2')?.toUpperCase())?.code ?? 'unknown') as EncounterStatus;

const roles = [
  ['PV1-7', 'ATND', 'attender'],
  ['PV1-8', 'REF', 'referrer'],
  ['PV1-9', 'CON', 'consultant'],
  ['PV1-17', 'ADM', 'admitter'],
  ['PV1-52', 'PART', 'Participation'],
  ['PV2-13', 'REF', 'referrer'],
] as const;

function participants(facts: V2Facts, ctx: MappingContext) {
  return roles.flatMap(([field, code, display]) =>
    all(facts, field, (xcn) => practitioner(xcn, ctx)).map((individual) => ({
      type: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code, display }] }],
      individual,
    })),
  );
}

/** Tables 0099, 0112, 0114 have no v2 codes in the IG's maps: their codes stay codes of the v2 table. */
function hospitalization(facts: V2Facts, ctx: MappingContext): EncounterHospitalization | undefined {
  const list = (field: string, options?: Parameters<typeof concept>[1]) => all(facts, field, (cwe) => concept(cwe, options));
  return compact<EncounterHospitalization>({
    preAdmissionIdentifier: all(facts, 'PV1-5', (cx) => identifier(cx, ctx))[0],
    admitSource: list('PV1-14', { table: '0023' })[0],
    reAdmission: list('PV1-13', { map: readmissionIndicator, table: '0092' })[0],
    specialCourtesy: list('PV1-16', { table: '0099' }),
    specialArrangement: list('PV1-15', { map: ambulatoryStatus, table: '0009' }),
    dietPreference: list('PV1-38', { table: '0114' }),
    destination: all(facts, 'PV1-37', destination)[0],
    dischargeDisposition: list('PV1-36', { table: '0112' })[0],
  });
}

/** DLD: where to. A logical reference: the destination is no place of ours. */
function destination(dld: V2Repetition): Reference | undefined {
  const to: CodeableConcept | undefined = concept(inside(dld, 1).length > 1 ? inside(dld, 1) : [dld[0] ?? []], { table: '0113' });
  const code = to?.coding?.[0];
  return (
    to &&
    compact<Reference>({
      type: 'Location',
      identifier: code?.code ? { system: code.system ?? v2System('0113'), value: code.code } : undefined,
      display: to.text,
    })
  );
}

/** Stays (PV1-3), then PV1-11 temporary and PV1-42 pending. */
function locations(view: EncounterView): EncounterLocation[] {
  const open = view.status !== 'finished' && view.status !== 'cancelled';
  const planned = view.status === 'planned' || first(view.facts, 'PV1-2')?.toUpperCase() === 'P';
  const list: EncounterLocation[] = view.stays.map(({ place, period, ended }) => ({
    location: referenceTo(place),
    status: ended ? 'completed' : planned ? 'planned' : 'active',
    ...(Object.keys(period).length > 0 ? { period } : {}),
  }));
  const current = view.stays.findLast((stay) => !stay.ended)?.place;
  const temporary = placeOf(view.facts['PV1-11']?.[0]);
  if (temporary && view.status !== 'cancelled') {
    const classification = { coding: [{ system: 'http://hl7.org/fhir/ValueSet/subject-location', code: 'temporary' }] };
    list.push({
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/subject-locationClassification', valueCodeableConcept: classification }],
      location: referenceTo(temporary),
      status: open ? 'active' : 'completed',
    });
  }
  const pending = placeOf(view.facts['PV1-42']?.[0]);
  if (pending && open && !samePlace(pending, current)) list.push({ location: referenceTo(pending), status: 'reserved' });
  return list;
}

/** Every place that a message names: an Encounter may come to refer to any of them. */
export const placesOf = (facts: V2Facts): Place[] =>
  ['PV1-3', 'PV1-6', 'PV1-11', 'PV1-42'].map((field) => placeOf(facts[field]?.[0])).filter((place) => place !== undefined);

/** "ICU 12 A": what a person calls the place. */
export const placeText = (place: Place): string =>
  [place.ward, place.room, place.bed].filter((name) => name !== undefined).join(' ') || place.facility;

const referenceTo = (place: Place): Reference => ({ reference: `Location/${locationIdOf(place)}`, display: placeText(place) });
