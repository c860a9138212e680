import type { CodeableConcept, Extension, Identifier, Reference } from '../r4.ts';
import type { ContainedOrganization, ContainedPractitionerRole, ContainedServiceRequest } from '../r4-results.ts';
import { address } from './address.ts';
import { concept, lookup, v2System } from './concept.ts';
import type { MappingContext } from './context.ts';
import { toDateTime } from './datetime.ts';
import { entity, entityPair } from './entity.ts';
import { all, compact, first, part, type V2Facts } from './field.ts';
import { identifier } from './identifier.ts';
import { identifierOf, practitioner } from './practitioner.ts';
import { confidentialityCode, extendedPriorityCodes, orderControlCodeStatus, orderStatus, orderType } from './tables/index.ts';
import { telecom } from './telecom.ts';

/** The fields of ORC and OBR that tell of the order. */
export const orderFields: readonly string[] = [
  ...[1, 2, 3, 4, 5, 7, 9, 12, 14, 16, 21, 22, 23, 28, 29, 33, 38].map((n) => `ORC-${n}`),
  ...[2, 3, 4, 5, 6, 11, 13, 16, 17, 27, 29, 31, 46, 47, 53].map((n) => `OBR-${n}`),
];

const base = 'http://hl7.org/fhir/StructureDefinition';

/** The order, and who gave it. */
export interface OrderResources {
  readonly order: ContainedServiceRequest;
  readonly contained: readonly (ContainedServiceRequest | ContainedPractitionerRole | ContainedOrganization)[];
}

/**
 * ORC and OBR → ServiceRequest (segments/ORC[ServiceRequest], OBR[ServiceRequest]), contained in the report: the message
 * is the laboratory's, and who placed the order keeps it. Undefined where they tell nothing but numbers and service, which
 * the report has itself.
 */
export function orderFrom(facts: V2Facts, patientId: string, ctx: MappingContext): OrderResources | undefined {
  const requester = requesterOf(facts, ctx);
  const security = all(facts, 'ORC-28', (cwe) => concept(cwe, { map: confidentialityCode, table: '0177' })?.coding?.[0]);
  const said = compact<Omit<ContainedServiceRequest, 'resourceType' | 'id' | 'status' | 'intent' | 'subject'>>({
    extension: extensions(facts, ctx),
    basedOn: parents(facts, ctx),
    priority: priorityOf(facts),
    orderDetail: ['OBR-46', 'OBR-47'].flatMap((field) => all(facts, field, (cwe) => concept(cwe))),
    occurrenceDateTime: toDateTime(first(facts, 'OBR-6'), ctx.zone),
    authoredOn: first(facts, 'ORC-1') === 'NW' ? toDateTime(first(facts, 'ORC-9'), ctx.zone) : undefined,
    requester: requester.reference,
    locationCode: all(facts, 'ORC-29', (cwe) => concept(cwe, { map: orderType, table: '0482' })),
    reasonCode: all(facts, 'OBR-31', (cwe) => concept(cwe)),
    note: [part(facts['ORC-7']?.[0] ?? facts['OBR-27']?.[0], 8)].filter((text) => text !== undefined).map((text) => ({ text })),
  });
  if (said === undefined && first(facts, 'ORC-5') === undefined && first(facts, 'OBR-11') === undefined) return undefined;
  const order: ContainedServiceRequest = {
    resourceType: 'ServiceRequest',
    id: 'order',
    ...(security.length > 0 ? { meta: { security } } : {}),
    status: statusOf(facts),
    intent: first(facts, 'OBR-11') === 'G' ? 'reflex-order' : 'order',
    subject: { reference: `Patient/${patientId}` },
    ...compact<Pick<ContainedServiceRequest, 'identifier' | 'requisition' | 'code'>>({
      identifier: identifiers(facts, ctx),
      requisition: entityPair(facts['ORC-4']?.[0], ctx)[0],
      code: all(facts, 'OBR-4', (cwe) => concept(cwe))[0],
    }),
    ...said,
  };
  return { order, contained: [order, ...requester.contained] };
}

/** ORC-5, else ORC-1. It is mandatory in FHIR. */
const statusOf = (facts: V2Facts): ContainedServiceRequest['status'] => {
  const state = first(facts, 'ORC-5');
  const row = state === undefined ? lookup(orderControlCodeStatus, first(facts, 'ORC-1')) : lookup(orderStatus, state);
  return (row?.code ?? 'unknown') as ContainedServiceRequest['status'];
};

/** OBR-5, since 2.5 in the sixth part of the timing. */
const priorityOf = (facts: V2Facts): ContainedServiceRequest['priority'] =>
  [first(facts, 'OBR-5'), part(facts['ORC-7']?.[0], 6), part(facts['OBR-27']?.[0], 6)]
    .map((code) => lookup(extendedPriorityCodes, code)?.code as ContainedServiceRequest['priority'])
    .find((code) => code !== undefined);

function identifiers(facts: V2Facts, ctx: MappingContext): Identifier[] {
  const typed = (field: string): Identifier[] =>
    all(facts, field, (cx) => identifier(cx, ctx)).map((number) => ({
      ...number,
      type: { coding: [{ system: v2System('0203'), code: 'PLAC' }] },
    }));
  const filler = entity(facts['ORC-38']?.[0], ctx, 'FGN') ?? entityPair(facts['ORC-4']?.[0], ctx)[1];
  const group = typed('OBR-53');
  return [
    ...[entity(facts['ORC-2']?.[0] ?? facts['OBR-2']?.[0], ctx, 'PLAC'), entity(facts['ORC-3']?.[0] ?? facts['OBR-3']?.[0], ctx, 'FILL')],
    filler,
    ...(group.length > 0 ? group : typed('ORC-33')),
  ].filter((each) => each !== undefined);
}

/** Row OBR-29: the order that this one follows from, by the placer's number, else the filler's. */
function parents(facts: V2Facts, ctx: MappingContext): Reference[] {
  const parent = entityPair(facts['OBR-29']?.[0], ctx)[0];
  return parent ? [{ type: 'ServiceRequest', identifier: parent }] : [];
}

function extensions(facts: V2Facts, ctx: MappingContext): Extension[] {
  const control = first(facts, 'ORC-1');
  const at = toDateTime(first(facts, 'ORC-9'), ctx.zone);
  const event: Extension[] = [
    ...(control
      ? [{ url: 'value', valueCodeableConcept: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0119', code: control }] } }]
      : []),
    ...(at ? [{ url: 'date', valueDateTime: at }] : []),
  ];
  const callback = all(facts, 'OBR-17', (xtn) => telecom(xtn, ctx))[0] ?? all(facts, 'ORC-14', (xtn) => telecom(xtn, ctx))[0];
  const reasons = first(facts, 'ORC-5') === undefined ? all(facts, 'ORC-16', (cwe) => concept(cwe)) : [];
  return [
    // An RE without a time only says that results follow, which they do.
    ...(at || (control && control !== 'RE') ? [{ url: `${base}/businessEvent`, extension: event }] : []),
    ...(callback ? [{ url: `${base}/servicerequest-order-callback-phone-number`, valueContactPoint: callback }] : []),
    ...reasons.map((reason) => ({ url: `${base}/request-statusReason`, valueCodeableConcept: reason })),
    ...all(facts, 'OBR-13', (cwe) => (isFasting(part(cwe, 1)) ? undefined : supporting(concept(cwe)))),
  ];
}

const supporting = (said: CodeableConcept | undefined): Extension | undefined =>
  said && {
    url: 'http://hl7.org/fhir/5.0/StructureDefinition/extension-ServiceRequest.supportingInfo',
    extension: [{ url: 'concept', valueCodeableConcept: said }],
  };

/** Codes of table 0916 (relevant clinical information). */
export const isFasting = (code: string | undefined): boolean => /^(F|FNA|NF|NG)$/.test(code ?? '');

/** ORC-12 (else OBR-16), through a role where an organization (ORC-21 to 23) is named. */
function requesterOf(facts: V2Facts, ctx: MappingContext): { reference: Reference | undefined; contained: OrderResources['contained'] } {
  const person = [...all(facts, 'ORC-12', (xcn) => practitioner(xcn, ctx)), ...all(facts, 'OBR-16', (xcn) => practitioner(xcn, ctx))][0];
  const xon = facts['ORC-21']?.[0];
  const number = part(xon, 10) ?? part(xon, 3);
  const named = xon && number !== undefined ? identifierOf(xon, { value: number, digit: 4, type: 7, authority: 6 }, ctx) : undefined;
  const organization = compact<Omit<ContainedOrganization, 'resourceType' | 'id'>>({
    identifier: named ? [named] : [],
    name: part(xon, 1),
    telecom: all(facts, 'ORC-23', (xtn) => telecom(xtn, ctx)),
    address: all(facts, 'ORC-22', (xad) => address(xad, ctx)),
  });
  if (!organization) return { reference: person, contained: [] };
  const role: ContainedPractitionerRole = {
    resourceType: 'PractitionerRole',
    id: 'requester',
    ...(person ? { practitioner: person } : {}),
    organization: { reference: '#requesting-organization' },
  };
  return {
    reference: { reference: '#requester', type: 'PractitionerRole', ...(person?.display ? { display: person.display } : {}) },
    contained: [role, { resourceType: 'Organization', id: 'requesting-organization', ...organization }],
  };
}
