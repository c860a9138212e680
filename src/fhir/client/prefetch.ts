import type { Resource } from '../r4.ts';
import type { Bundle } from './client.ts';
import { isInstance, type Read, typeOfTemplate } from './reads.ts';

/** What the value under a prefetch key says. */
export type Prefetched =
  | { readonly kind: 'none' }
  | { readonly kind: 'data'; readonly resources: readonly Resource[]; readonly next?: string }
  /** To be fetched: the key is absent, the client failed (OperationOutcome), or it is not what was asked for. */
  | { readonly kind: 'fetch'; readonly reason: 'absent' | 'outcome' | 'unfit' };

/**
 * CDS Hooks 2.0, "Prefetch Template": null says that there is no data; an absent key says nothing; an OperationOutcome is
 * the client's failure, never data; a Bundle may be the first of several pages. What is of another patient is not used
 * at all: one wrong resource means that the wrong query was asked. Nor is another resource than the one with the id that was
 * asked for, where the read is of one (`id`).
 */
export function prefetched(read: Read, prefetch: Readonly<Record<string, unknown>>, patientId: string, id?: string): Prefetched {
  if (!Object.hasOwn(prefetch, read.key) || prefetch[read.key] === undefined) return { kind: 'fetch', reason: 'absent' };
  const value = prefetch[read.key];
  if (value === null) return { kind: 'none' };
  const type = typeOfTemplate(read.template);
  const given = value as { resourceType?: string; entry?: Bundle['entry']; link?: Bundle['link'] };
  if (typeof value !== 'object' || typeof given.resourceType !== 'string') return { kind: 'fetch', reason: 'unfit' };
  if (given.resourceType === 'OperationOutcome') return { kind: 'fetch', reason: 'outcome' };
  const single = given.resourceType !== 'Bundle';
  if (single && !(isInstance(read.template) && given.resourceType === type)) return { kind: 'fetch', reason: 'unfit' };
  if (!single && given.entry !== undefined && !Array.isArray(given.entry)) return { kind: 'fetch', reason: 'unfit' };
  const entries = single ? [] : (given.entry ?? []).filter((each) => each?.resource && !isRemark(each));
  const all = single ? [value as Resource] : entries.map(({ resource }) => resource as Resource);
  if (all.some((resource) => resource.resourceType === 'OperationOutcome')) return { kind: 'fetch', reason: 'outcome' };
  const resources = all.filter((resource) => resource.resourceType === type);
  if (!resources.every((resource) => isOf(resource, patientId) && (id === undefined || resource.id === id)))
    return { kind: 'fetch', reason: 'unfit' };
  const links = Array.isArray(given.link) ? given.link : [];
  const next = links.find((link) => link?.relation === 'next')?.url;
  return { kind: 'data', resources, ...(typeof next === 'string' ? { next } : {}) };
}

/** What a server says beside what it found (FHIR R4, "Search", mode `outcome`): no failure, as long as it calls it none. */
function isRemark({ resource, search }: NonNullable<Bundle['entry']>[number]): boolean {
  const { issue } = resource as { issue?: unknown };
  const harmless = (each: { severity?: unknown } | null) => each?.severity === 'information' || each?.severity === 'warning';
  return resource?.resourceType === 'OperationOutcome' && search?.mode === 'outcome' && Array.isArray(issue) && issue.every(harmless);
}

/** Whether a resource is this patient's: itself, or by subject or patient. One that names nobody is taken as asked for. */
export function isOf(resource: Resource, patientId: string): boolean {
  if (resource.resourceType === 'Patient') return resource.id === patientId;
  const { subject, patient } = resource as { subject?: { reference?: unknown }; patient?: { reference?: unknown } };
  const reference = subject?.reference ?? patient?.reference;
  if (typeof reference !== 'string') return true;
  const [current = ''] = reference.split('/_history/');
  return current === `Patient/${patientId}` || current.endsWith(`/Patient/${patientId}`);
}
