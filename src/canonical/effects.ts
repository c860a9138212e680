import { hash } from 'node:crypto';
import type { DomainResource, Identifier, Location, Resource } from '../fhir/r4.ts';
import type { Binary } from '../fhir/r4-results.ts';
import { locationChain, type Place } from '../fhir/v2/location.ts';
import { type Effect, effect } from '../state/table.ts';
import {
  fhirBinary,
  fhirIdentifier,
  fhirResource,
  type IdentifierRow,
  patientLink,
  place,
  type ResourceRow,
  type TimelineRow,
  timelineEvent,
  type VisitRow,
  visit,
} from './tables.ts';

/** Where a resource is found: system (empty: none) and value. */
export type IdentifierKey = readonly [system: string, value: string];

export interface PutResource {
  /** Becomes `meta.versionId`; the writer counts, so that a rerun gives the same version. */
  readonly version: number;
  /** Milliseconds since 1970, from `ctx.now`: becomes `meta.lastUpdated`. */
  readonly now: number;
  /** The patient whose actor owns the row; null for shared resources. */
  readonly patient: string | null;
  /** Identifiers under which the previous version was found and this one is not. */
  readonly dropped?: readonly IdentifierKey[];
}

/** Tells whether a resource says something new: 128 bits over it and what is written beside it. */
export const digestOf = (resource: DomainResource, beside = ''): string =>
  hash('sha256', JSON.stringify(resource) + beside, 'base64url').slice(0, 22);

/** The resource and its identifiers, whole. */
export function putResource(resource: DomainResource & { id: string }, options: PutResource): Effect[] {
  const { resourceType: type, id } = resource;
  return [
    effect.upsert(fhirResource, rowOf(resource, options)),
    ...(options.dropped ?? []).map(([system, value]) => effect.remove(fhirIdentifier, { type, system, value, id })),
    ...identifierRows(resource).map((row) => effect.insert(fhirIdentifier, row)),
  ];
}

/**
 * The resource and its identifiers, unless it is there already. Version 0 makes it a placeholder: what refers to it finds
 * it, and its owner's first version takes its place.
 */
export function putIfAbsent(resource: DomainResource & { id: string }, options: Omit<PutResource, 'dropped'>): Effect[] {
  return [
    effect.insert(fhirResource, rowOf(resource, options)),
    ...identifierRows(resource).map((row) => effect.insert(fhirIdentifier, row)),
  ];
}

/** A document. `ref`: where the blob store has its bytes; null: they are in `data` (base64). */
export interface BinaryDocument {
  readonly id: string;
  readonly contentType: string;
  readonly size: number;
  readonly ref: string | null;
  readonly data: string | null;
}

/** If absent: its id follows its content. */
export function putBinary({ id, contentType, size, ref, data }: BinaryDocument, options: { now: number; patient: string }): Effect[] {
  const { now, patient } = options;
  const binary: Binary & { id: string } = {
    resourceType: 'Binary',
    id,
    contentType,
    securityContext: { reference: `Patient/${patient}` },
    ...(data === null ? {} : { data }),
  };
  return [
    effect.insert(fhirResource, rowOf(binary, { version: 1, now, patient })),
    ...(ref === null ? [] : [effect.insert(fhirBinary, { id, patient, ref, size })]),
  ];
}

/** Takes a resource out again, with the identifiers that led to it. */
export function removeResource(type: string, id: string, identifiers: readonly IdentifierKey[]): Effect[] {
  return [
    effect.remove(fhirResource, { type, id }),
    ...identifiers.map(([system, value]) => effect.remove(fhirIdentifier, { type, system, value, id })),
  ];
}

/**
 * The Locations of a place, most granular first, if absent: patients share them, so no turn may change one
 * (SEMANTICS, Transaction). What is said of a bed later (its status, its building) is not taken over.
 */
export function putPlace(where: Place, now: number): Effect[] {
  const levelOf: Record<string, string> = { bd: 'bed', ro: 'room', wa: 'ward', lvl: 'floor', bu: 'building', si: 'facility' };
  return locationChain(where).flatMap((location) => {
    const level = levelOf[location.physicalType?.coding?.[0]?.code ?? ''] ?? 'place';
    const within = (...levels: string[]) => levels.includes(level);
    const type = 'Location';
    const shared = location as Location & { id: string };
    return [
      effect.insert(fhirResource, {
        type,
        id: shared.id,
        version: 1,
        patient: null,
        updated_at: now,
        body: stamped(shared, { version: 1, now }),
      }),
      ...identifierRows(shared).map((row) => effect.insert(fhirIdentifier, row)),
      effect.insert(place, {
        id: shared.id,
        level,
        facility: where.facility,
        ward: within('bed', 'room', 'ward') ? (where.ward ?? null) : null,
        room: within('bed', 'room') ? (where.room ?? null) : null,
        bed: within('bed') ? (where.bed ?? null) : null,
      }),
    ];
  });
}

/** If absent: an event that comes twice keeps its first place. */
export const putTimeline = (row: TimelineRow): Effect => effect.insert(timelineEvent, row);

export const putVisit = (row: VisitRow): Effect => effect.upsert(visit, row);

export const removeVisit = (encounter: string): Effect => effect.remove(visit, { encounter });

/** From now on, reads of either patient show both. */
export const linkPatients = (merged: string, survivor: string): Effect => effect.upsert(patientLink, { patient: merged, survivor });

export const unlinkPatients = (merged: string): Effect => effect.remove(patientLink, { patient: merged });

/** Everything that finds a resource: its identifiers, and each once more under its authority's bare namespace. */
export function identifierKeys(identifiers: readonly Identifier[] | undefined): IdentifierKey[] {
  const keys = new Map<string, IdentifierKey>();
  for (const { system = '', value, assigner } of identifiers ?? []) {
    if (value === undefined) continue;
    const bare = assigner?.display === undefined ? undefined : `urn:id:${assigner.display}`;
    for (const named of new Set([system, bare ?? system])) keys.set(JSON.stringify([named, value]), [named, value]);
  }
  return [...keys.values()];
}

const identifierRows = (resource: DomainResource & { id: string }): IdentifierRow[] =>
  identifierKeys(resource.identifier).map(([system, value]) => ({ type: resource.resourceType, system, value, id: resource.id }));

const rowOf = (resource: Resource & { id: string }, options: PutResource): ResourceRow => ({
  type: resource.resourceType,
  id: resource.id,
  version: options.version,
  patient: options.patient,
  updated_at: options.now,
  // As text: an effect is plain data, and decimals keep their digits in text only (`aorta/fhir`, decimal).
  body: JSON.stringify(stamped(resource, options)),
});

function stamped(resource: Resource, { version, now }: { version: number; now: number }): object {
  const { resourceType, id, meta, ...rest } = resource;
  return { resourceType, id, meta: { ...meta, versionId: String(version), lastUpdated: new Date(now).toISOString() }, ...rest };
}
