import type { CodeableConcept, Extension } from '../r4.ts';
import type { Attachment, Observation, ObservationComponent, ObservationStatus, ObservationValue, ReferenceRange } from '../r4-results.ts';
import { concept, lookup, mapped, v2System } from './concept.ts';
import type { MappingContext } from './context.ts';
import { toDateTime } from './datetime.ts';
import { decimal } from './decimal.ts';
import { entity, entityPair } from './entity.ts';
import { all, compact, first, part, type V2Facts, type V2Field } from './field.ts';
import { notesFrom } from './note.ts';
import { performersOf } from './performer.ts';
import { referenceRange } from './quantity.ts';
import { interpretationCodes, natureOfAbnormalTesting, observationResultStatus } from './tables/index.ts';
import { observedValue, plainText, sampledData, valueOfAttachment } from './value.ts';

/** The fields of OBX that reach Observation. */
export const observationFields: readonly string[] = [
  2, 3, 4, 5, 6, 7, 8, 10, 11, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 29, 30, 33,
].map((n) => `OBX-${n}`);

const base = 'http://hl7.org/fhir/StructureDefinition';

/** What an Observation is made of besides its OBX. */
export interface ObservationView {
  readonly id: string;
  readonly patientId: string;
  readonly encounterId: string | undefined;
  readonly facts: V2Facts;
  /** The OBR above it: time and section, where the OBX says none. */
  readonly order: V2Facts;
  /** NTE segments after it. */
  readonly notes: readonly V2Facts[];
  readonly specimenId: string | undefined;
  /** Where the data of OBX-5 (ED) is, one for each repetition. */
  readonly attachments: readonly Attachment[];
}

/** Observation (segments/OBX[Observation]; OBX[Observation-Component] where OBX-5 repeats). */
export function observationFrom(view: ObservationView, ctx: MappingContext): Observation {
  const { facts, order } = view;
  const { performer, contained } = performersOf(facts, ctx);
  const status = observationStatus(first(facts, 'OBX-11'));
  const range = referenceRange(plainText(facts['OBX-7']?.[0]), facts['OBX-6']?.[0], /^(NM|SN)$/.test(first(facts, 'OBX-2') ?? ''));
  const value = valuesOf(view, range, ctx);
  const absent = value ? undefined : absentReason(first(facts, 'OBX-11'));
  return {
    resourceType: 'Observation',
    id: view.id,
    status,
    code: all(facts, 'OBX-3', (cwe) => concept(cwe))[0] ?? unknownCode,
    subject: { reference: `Patient/${view.patientId}` },
    ...compact<Omit<Observation, 'resourceType' | 'id' | 'status' | 'code' | 'subject'>>({
      contained: [...contained],
      extension: [...extensions(facts, ctx), ...(value?.extension ?? [])],
      identifier: all(facts, 'OBX-21', (ei) => entity(ei, ctx, 'FILL')),
      _status: first(facts, 'OBX-11') === 'X' ? cancelledStatus : undefined,
      category: categories(first(facts, 'OBX-29'), first(order, 'OBR-24')),
      encounter: view.encounterId ? { reference: `Encounter/${view.encounterId}` } : undefined,
      ...effectiveOf(facts, order, ctx),
      performer: [...performer],
      ...withoutExtension(value),
      dataAbsentReason: absent,
      interpretation: all(facts, 'OBX-8', (cwe) => concept(cwe, { map: interpretationCodes, table: '0078' })),
      note: notesFrom(view.notes, ctx),
      bodySite: all(facts, 'OBX-20', (cwe) => concept(cwe))[0],
      method: all(facts, 'OBX-17', (cwe) => concept(cwe))[0],
      specimen: view.specimenId ? { reference: `Specimen/${view.specimenId}` } : specimenNamed(facts, ctx),
      device: all(facts, 'OBX-18', (ei) => entity(ei, ctx)).map((identifier) => ({ type: 'Device', identifier }))[0],
      // What a range is of: with components each of them has a value, and the observation none.
      referenceRange: range && !value?.component ? [range] : [],
    }),
  };
}

export const unknownCode: CodeableConcept = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-NullFlavor', code: 'UNK', display: 'unknown' }],
};

/** Codes of table 0085 whose row of the map is empty. FHIR's status is mandatory; these are its nearest, by definition. */
const beyondMap: Readonly<Record<string, ObservationStatus>> = {
  B: 'amended',
  I: 'registered',
  N: 'cancelled',
  O: 'registered',
  R: 'preliminary',
  S: 'preliminary',
  U: 'final',
  V: 'final',
};

/** OBX-11 → status: the map's row, else by definition, else unknown. */
export const observationStatus = (code: string | undefined): ObservationStatus =>
  (lookup(observationResultStatus, code)?.code as ObservationStatus | undefined) ??
  (Object.hasOwn(beyondMap, code ?? '') ? beyondMap[code ?? ''] : undefined) ??
  'unknown';

/** Rows OBX-11 IS "X": FHIR's "cancelled" is wider than "cannot be obtained". */
const cancelledStatus = {
  extension: [
    { url: `${base}/alternate-codes`, valueCodeableConcept: { coding: [{ system: v2System('0085'), code: 'X' }] } },
  ] satisfies Extension[],
};

/** Rows OBX-11 IS "N", and the map's remark on X ("cannot-be-obtained", which R4's code system does not have). */
function absentReason(code: string | undefined): CodeableConcept | undefined {
  const system = 'http://terminology.hl7.org/CodeSystem/data-absent-reason';
  if (code === 'N') return { coding: [{ system, code: 'not-asked' }] };
  return code === 'X' ? { coding: [{ system, code: 'unknown' }], text: 'cannot-be-obtained' } : undefined;
}

type Values = ObservationValue & { component?: ObservationComponent[] };

/** One value, or a component for each repetition. Repetitions of TX and FT are lines of one text (HL7 v2.5.1 2.A.79). */
function valuesOf(view: ObservationView, range: ReferenceRange | undefined, ctx: MappingContext): Values | undefined {
  const { facts } = view;
  const type = first(facts, 'OBX-2');
  const values = view.attachments.length > 0 ? view.attachments.map(valueOfAttachment) : valuesIn(type, facts['OBX-5'] ?? [], facts, ctx);
  if (values.length < 2) return values[0];
  const code = all(facts, 'OBX-3', (cwe) => concept(cwe))[0] ?? unknownCode;
  return { component: values.map((value) => ({ code, ...value, ...(range ? { referenceRange: [range] } : {}) })) };
}

function valuesIn(type: string | undefined, field: V2Field, facts: V2Facts, ctx: MappingContext): ObservationValue[] {
  if (type === 'TX' || type === 'FT') {
    const text = field
      .map((line) => plainText(line) ?? '')
      .join('\n')
      .trim();
    return text === '' ? [] : [{ valueString: text }];
  }
  const samples = type === 'NA' || type === 'MA' ? sampledData(type, field, facts['OBX-6']?.[0]) : undefined;
  if (samples) return [samples];
  return field.map((value) => observedValue(type, value, facts['OBX-6']?.[0], ctx)).filter((value) => value !== undefined);
}

function withoutExtension(value: Values | undefined): Omit<Values, 'extension'> {
  const { extension: _extension, ...rest } = value ?? {};
  return rest;
}

/** OBX-14, else OBR-7 (to OBR-8). */
function effectiveOf(facts: V2Facts, order: V2Facts, ctx: MappingContext): Pick<Observation, 'effectiveDateTime' | 'effectivePeriod'> {
  const own = toDateTime(first(facts, 'OBX-14'), ctx.zone);
  return own === undefined ? orderTime(order, ctx) : { effectiveDateTime: own };
}

/** Rows OBR-7 and OBR-8. */
export function orderTime(order: V2Facts, ctx: MappingContext): Pick<Observation, 'effectiveDateTime' | 'effectivePeriod'> {
  const [start, end] = [toDateTime(first(order, 'OBR-7'), ctx.zone), toDateTime(first(order, 'OBR-8'), ctx.zone)];
  if (end !== undefined) return { effectivePeriod: { ...(start ? { start } : {}), end } };
  return start === undefined ? {} : { effectiveDateTime: start };
}

// Sections of table 0074 that make images; physiology is told by devices at the bed.
const imaging = new Set(['CUS', 'CTH', 'CT', 'NMS', 'NMR', 'OUS', 'RAD', 'RX', 'RUS', 'RT', 'VUS', 'XRC']);
const laboratory = new Set([...['BG', 'BLB', 'CG', 'CH', 'CP', 'HM', 'IMM', 'LAB', 'MB', 'MCB', 'MYC', 'OSL', 'SR', 'SP', 'TX', 'VR']]);

/** OBX-29 as it is; beside it FHIR's own category where the OBR's section leaves no doubt (US Core and many readers ask for it). */
function categories(type: string | undefined, section: string | undefined): CodeableConcept[] {
  const system = 'http://terminology.hl7.org/CodeSystem/observation-category';
  const code = imaging.has(section ?? '') ? 'imaging' : laboratory.has(section ?? '') ? 'laboratory' : undefined;
  return [...(type ? [{ coding: [{ system: v2System('0936'), code: type }] }] : []), ...(code ? [{ coding: [{ system, code }] }] : [])];
}

function specimenNamed(facts: V2Facts, ctx: MappingContext): Observation['specimen'] {
  const field = facts['OBX-33'] ?? [];
  const identifier = field.length === 1 ? (entityPair(field[0], ctx)[1] ?? entityPair(field[0], ctx)[0]) : undefined;
  return identifier && { type: 'Specimen', identifier };
}

function extensions(facts: V2Facts, ctx: MappingContext): Extension[] {
  const analysed = toDateTime(first(facts, 'OBX-19'), ctx.zone);
  const subtype = first(facts, 'OBX-30');
  return [
    ...all(facts, 'OBX-4', subIdentifier),
    ...all(facts, 'OBX-10', (id) => mapped(natureOfAbnormalTesting, part(id, 1)) ?? concept(id, { table: '0080' })).map((value) => ({
      url: `${base}/observation-nature-of-abnormal-test`,
      valueCodeableConcept: value,
    })),
    ...(analysed ? [{ url: `${base}/observation-analysis-date-time`, valueDateTime: analysed }] : []),
    ...(subtype
      ? [
          {
            url: `${base}/observation-structure-type`,
            valueCodeableConcept: { coding: [{ system: `${base}/observation-structure-type`, code: subtype }] },
          },
        ]
      : []),
  ];
}

/** OBX-4 (ST, since 2.8.2 OG) → the extension that keeps what makes equal codes different (datatypes/OG[Extension-Subidentifier]). */
function subIdentifier(og: V2Field[number]): Extension | undefined {
  const number = (c: number): number | undefined => decimal(part(og, c));
  const [original, group, sequence, identifier] = [part(og, 1), number(2), number(3), part(og, 4)];
  const inner: Extension[] = [
    ...(original ? [{ url: 'original-sub-identifier', valueString: original }] : []),
    ...(group === undefined ? [] : [{ url: 'group', valueDecimal: group }]),
    ...(sequence === undefined ? [] : [{ url: 'sequence', valueDecimal: sequence }]),
    ...(identifier ? [{ url: 'identifier', valueString: identifier }] : []),
  ];
  return inner.length === 0 ? undefined : { url: `${base}/observation-v2-subid`, extension: inner };
}
