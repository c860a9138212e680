import type { CodeableConcept, Coding, Extension, Identifier, Reference } from '../r4.ts';
import type { Attachment, DiagnosticReport, DiagnosticReportStatus } from '../r4-results.ts';
import { concept, lookup } from './concept.ts';
import type { MappingContext } from './context.ts';
import { parseDtm, toDateTime } from './datetime.ts';
import { entity, entityPair } from './entity.ts';
import { all, compact, first, inside, part, type V2Facts, type V2Repetition } from './field.ts';
import { orderTime, unknownCode } from './observation.ts';
import { orderFields, orderFrom } from './order.ts';
import { practitioner } from './practitioner.ts';
import { confidentialityCode, diagnosticServiceSectionID, resultStatus } from './tables/index.ts';

/** The fields of ORC and OBR that reach DiagnosticReport, Observation or Specimen. */
export const reportFields: readonly string[] = [
  ...new Set([...orderFields, ...[2, 3, 4, 7, 8, 9, 10, 14, 15, 22, 24, 25, 26, 32, 34, 35, 39].map((n) => `OBR-${n}`)]),
];

const base = 'http://hl7.org/fhir/StructureDefinition';

export interface ReportView {
  readonly id: string;
  readonly patientId: string;
  readonly encounterId: string | undefined;
  /** ORC and OBR. */
  readonly facts: V2Facts;
  readonly status: DiagnosticReportStatus;
  readonly specimenIds: readonly string[];
  readonly observationIds: readonly string[];
  readonly presentedForm: readonly Attachment[];
}

/** DiagnosticReport (segments/OBR[DiagnosticReport], segments/ORC[DiagnosticReport]). */
export function reportFrom(view: ReportView, ctx: MappingContext): DiagnosticReport {
  const { facts } = view;
  const security = all(facts, 'ORC-28', (cwe) => concept(cwe, { map: confidentialityCode, table: '0177' })?.coding?.[0]);
  const order = orderFrom(facts, view.patientId, ctx);
  const issued = toDateTime(first(facts, 'OBR-22'), ctx.zone);
  return {
    resourceType: 'DiagnosticReport',
    id: view.id,
    ...(security.length > 0 ? { meta: { security: security as Coding[] } } : {}),
    status: view.status,
    code: all(facts, 'OBR-4', (cwe) => concept(cwe))[0] ?? unknownCode,
    subject: { reference: `Patient/${view.patientId}` },
    ...compact<Omit<DiagnosticReport, 'resourceType' | 'id' | 'meta' | 'status' | 'code' | 'subject'>>({
      contained: [...(order?.contained ?? [])],
      extension: all(facts, 'ORC-16', (cwe) => concept(cwe)).map((value) => ({
        url: `${base}/event-statusReason`,
        valueCodeableConcept: value,
      })),
      identifier: orderNumbers(facts, ctx),
      basedOn: basedOn(facts, order !== undefined, ctx),
      category: all(facts, 'OBR-24', (id) => concept(id, { map: diagnosticServiceSectionID, table: '0074' })),
      encounter: view.encounterId ? { reference: `Encounter/${view.encounterId}` } : undefined,
      ...orderTime(facts, ctx),
      // An instant has seconds and an offset; a date is none.
      issued: issued?.includes('T') ? issued : undefined,
      performer: [...performers(facts, 'OBR-34', 'SPRF', ctx), ...performers(facts, 'OBR-35', 'TRANS', ctx)],
      resultsInterpreter: all(facts, 'OBR-32', (ndl) => named(ndl, ctx)),
      specimen: view.specimenIds.map((id) => ({ reference: `Specimen/${id}` })),
      result: view.observationIds.map((id) => ({ reference: `Observation/${id}` })),
      presentedForm: [...view.presentedForm],
    }),
  };
}

/** ORC-2 else OBR-2, ORC-3 else OBR-3, ORC-4. */
export function orderNumbers(facts: V2Facts, ctx: MappingContext): Identifier[] {
  const number = (n: 2 | 3, type: 'PLAC' | 'FILL') =>
    entity(facts[`ORC-${n}`]?.[0], ctx, type) ?? entity(facts[`OBR-${n}`]?.[0], ctx, type);
  return [number(2, 'PLAC'), number(3, 'FILL'), ...entityPair(facts['ORC-4']?.[0], ctx)].filter((each) => each !== undefined);
}

/** The order is not kept here: what the message tells of it is contained, and its number is a logical reference. */
function basedOn(facts: V2Facts, contained: boolean, ctx: MappingContext): Reference[] {
  const placer = entity(facts['ORC-2']?.[0] ?? facts['OBR-2']?.[0], ctx, 'PLAC');
  if (!placer && !contained) return [];
  return [{ ...(contained ? { reference: '#order' } : {}), type: 'ServiceRequest', ...(placer ? { identifier: placer } : {}) }];
}

/** Codes of table 0123 whose row is empty but for the errors Y and Z: the nearest by definition. */
const beyondMap: Readonly<Record<string, DiagnosticReportStatus>> = { A: 'partial', M: 'preliminary', N: 'registered' };

/** "No order on record for this test", "no record of this patient": the map makes these errors, not statuses. */
export const isUnmappable = (code: string | undefined): boolean => code === 'Y' || code === 'Z';

/**
 * OBR-25 → status. Without it the results decide: any preliminary makes it preliminary, then any correction, all
 * cancelled or in error make it that; `unknown` without results. Undefined: Y and Z, which are errors.
 */
export function reportStatus(code: string | undefined, results: readonly string[] = []): DiagnosticReportStatus | undefined {
  if (isUnmappable(code)) return undefined;
  if (code !== undefined) return (lookup(resultStatus, code)?.code as DiagnosticReportStatus | undefined) ?? beyondMap[code] ?? 'unknown';
  const present = results.filter((status) => status !== 'entered-in-error' && status !== 'cancelled');
  if (present.length === 0) return results.includes('cancelled') ? 'cancelled' : results.length > 0 ? 'entered-in-error' : 'unknown';
  if (present.every((status) => status === 'registered')) return 'registered';
  for (const status of ['unknown', 'registered', 'preliminary', 'corrected', 'amended'] as const)
    if (present.includes(status)) return status === 'registered' ? 'partial' : status;
  return 'final';
}

/** NDL (name with date and location): its first component is the person (CNN). Many senders write an XCN there. */
function named(ndl: V2Repetition, ctx: MappingContext): Reference | undefined {
  const person = inside(ndl, 1);
  if (person.length < 2 && part(ndl, 2) !== undefined && parseDtm(part(ndl, 2)) === undefined) return practitioner(ndl, ctx);
  // CNN has the authority (HD) in components of its own, XCN in one.
  const authority = [9, 10, 11].map((c) => part(person, c) ?? '');
  return practitioner([...person.slice(0, 8), ...Array<string[]>(Math.max(0, 8 - person.length)).fill(['']), authority], ctx);
}

function performers(facts: V2Facts, field: string, code: string, ctx: MappingContext): (Reference & { extension?: Extension[] })[] {
  const functionOf: CodeableConcept = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code }] };
  return all(facts, field, (ndl) => named(ndl, ctx)).map((reference) => ({
    extension: [{ url: `${base}/event-performerFunction`, valueCodeableConcept: functionOf }],
    ...reference,
  }));
}
