import type { Identifier } from '../r4.ts';
import type { Annotation, Quantity, Specimen, SpecimenCollection } from '../r4-results.ts';
import { concept, lookup } from './concept.ts';
import type { MappingContext } from './context.ts';
import { toDateTime } from './datetime.ts';
import { decimal } from './decimal.ts';
import { entity, entityPair } from './entity.ts';
import { all, compact, first, inside, part, type V2Facts } from './field.ts';
import { identifier } from './identifier.ts';
import { isFasting } from './order.ts';
import { practitioner } from './practitioner.ts';
import { unitOf } from './quantity.ts';
import {
  additivePreservative,
  specimenCollectionMethod,
  specimenCondition,
  specimenType,
  yesNoIndicatorAvailabilityStatus,
} from './tables/index.ts';
import { plainText } from './value.ts';

/** The fields of SPM that reach Specimen. */
export const specimenFields: readonly string[] = [1, 2, 3, 4, 6, 7, 8, 12, 14, 17, 18, 20, 24, 27, 30, 31, 32].map((n) => `SPM-${n}`);

/**
 * Specimen (segments/SPM[Specimen]); from OBR alone where there is no SPM (OBR[Specimen]: OBR-15 until 2.4). `facts` hold
 * SPM and the OBR's. Undefined when neither says anything of a specimen.
 */
export function specimenFrom(id: string, patientId: string, facts: V2Facts, ctx: MappingContext): Specimen | undefined {
  const source = facts['OBR-15']?.[0];
  const spm = Object.keys(facts).some((name) => name.startsWith('SPM-') && name !== 'SPM-1');
  if (!spm && source === undefined) return undefined;
  const typed = all(facts, 'SPM-4', (cwe) => concept(cwe, { map: specimenType, table: '0487' }))[0];
  const additives = all(facts, 'SPM-6', (cwe) => concept(cwe, { map: additivePreservative, table: '0371' }));
  const container = all(facts, 'SPM-27', (cwe) => concept(cwe))[0];
  return {
    resourceType: 'Specimen',
    id,
    subject: { reference: `Patient/${patientId}` },
    ...compact<Omit<Specimen, 'resourceType' | 'id' | 'subject'>>({
      identifier: identifiers(facts, ctx),
      accessionIdentifier: all(facts, 'SPM-30', (cx) => identifier(cx, ctx))[0],
      status: lookup(yesNoIndicatorAvailabilityStatus, first(facts, 'SPM-20'))?.code as Specimen['status'],
      type: typed ?? (source && concept(named(source, 1), { map: specimenType, table: '0487' })),
      receivedTime: toDateTime(first(facts, 'SPM-18') ?? first(facts, 'OBR-14'), ctx.zone),
      parent: all(facts, 'SPM-3', (eip) => entityPair(eip, ctx)[1] ?? entityPair(eip, ctx)[0]).map((parent) => ({
        type: 'Specimen',
        identifier: parent,
      })),
      collection: collectionOf(facts, ctx),
      container: [
        ...(container ? [{ type: container }] : []),
        ...[...additives, ...(source ? [concept(named(source, 2), { map: additivePreservative, table: '0371' })] : [])]
          .filter((additive) => additive !== undefined)
          .map((additive) => ({ additiveCodeableConcept: additive })),
      ],
      condition: [
        ...all(facts, 'SPM-24', (cwe) => concept(cwe, { map: specimenCondition, table: '0493' })),
        ...(source ? [concept(named(source, 6))] : []).filter((condition) => condition !== undefined),
      ],
      note: notes(facts),
    }),
  };
}

/** A component that is a CE: its subcomponents are the CE's components. */
const named = inside;

function identifiers(facts: V2Facts, ctx: MappingContext): Identifier[] {
  return [
    ...entityPair(facts['SPM-2']?.[0], ctx),
    ...all(facts, 'SPM-31', (cx) => identifier(cx, ctx)),
    ...all(facts, 'SPM-32', (ei) => entity(ei, ctx, 'SHIP')),
  ];
}

/** SPM-17 and SPM-12; else OBR-7, 8 and 9. */
function collectionOf(facts: V2Facts, ctx: MappingContext): SpecimenCollection | undefined {
  const range = facts['SPM-17']?.[0];
  const time = (own: string | undefined, order: string) => toDateTime(range ? own : first(facts, order), ctx.zone);
  const [start, end] = [time(part(range, 1), 'OBR-7'), time(part(range, 2), 'OBR-8')];
  const source = facts['OBR-15']?.[0];
  return compact<SpecimenCollection>({
    collector: all(facts, 'OBR-10', (xcn) => practitioner(xcn, ctx))[0],
    collectedDateTime: end === undefined ? start : undefined,
    collectedPeriod: end === undefined ? undefined : { ...(start ? { start } : {}), end },
    quantity: amount(facts, 'SPM-12') ?? amount(facts, 'OBR-9'),
    fastingStatusCodeableConcept: all(facts, 'OBR-13', (cwe) => (isFasting(part(cwe, 1)) ? concept(cwe, { table: '0916' }) : undefined))[0],
    method: all(facts, 'SPM-7', (cwe) => concept(cwe, { map: specimenCollectionMethod, table: '0488' }))[0],
    bodySite: all(facts, 'SPM-8', (cwe) => concept(cwe))[0] ?? (source && concept(named(source, 4))),
  });
}

/** CQ: quantity and unit (datatypes/CQ[Quantity]). */
function amount(facts: V2Facts, field: string): Quantity | undefined {
  const cq = facts[field]?.[0];
  const value = decimal(part(cq, 1));
  return value === undefined ? undefined : { value, ...unitOf(inside(cq, 2)) };
}

const notes = (facts: V2Facts): Annotation[] =>
  [plainText(facts['SPM-14']?.[0]), part(facts['OBR-15']?.[0], 3), ...all(facts, 'OBR-39', (cwe) => part(cwe, 2) ?? part(cwe, 1))]
    .filter((text) => text !== undefined)
    .map((text) => ({ text }));
