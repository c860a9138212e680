import {
  type DomainResource,
  livingWillFrom,
  type MappingContext,
  motherFrom,
  relatedFrom,
  relatedId,
  relatedKey,
  type V2Facts,
} from 'aorta/fhir';

/** What hangs on the person and on no visit: who is related (NK1, and the mother by PID-21), and the living will (PD1-7). */
export function personalResources(
  patientId: string,
  facts: V2Facts,
  contacts: readonly V2Facts[],
  mapping: MappingContext,
): (DomainResource & { readonly id: string })[] {
  const found = new Map<string, DomainResource & { id: string }>();
  const add = (resource: (DomainResource & { id?: string }) | undefined) => {
    if (resource?.id) found.set(resource.id, { ...resource, id: resource.id });
  };
  for (const contact of contacts) {
    const key = relatedKey(contact);
    if (key !== undefined) add(relatedFrom(relatedId(patientId, key), patientId, contact, mapping));
  }
  add(motherFrom(relatedId(patientId, 'PID-21'), patientId, facts, mapping));
  add(livingWillFrom(patientId, facts));
  return [...found.values()];
}
