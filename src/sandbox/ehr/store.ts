import type { Resource } from '../../fhir/r4.ts';
import { dateOf, tests } from './search.ts';

export type Stored = Resource & { id: string };

export interface Store {
  read(type: string, id: string): Stored | undefined;
  /** Matches in order: by date, newest first, where `_sort=-date` asks for it, else as stored. */
  search(type: string, query: URLSearchParams): readonly Stored[];
  create(resource: Resource): Stored;
  remove(type: string, id: string): boolean;
  types(): readonly string[];
}

/** A FHIR store in memory. What is created lives as long as the sandbox. */
export function memoryStore(resources: readonly Resource[], { now, id }: { readonly now: () => number; readonly id: () => string }): Store {
  const byType = new Map<string, Map<string, Stored>>();
  const put = (resource: Stored): Stored => {
    const all = byType.get(resource.resourceType) ?? new Map<string, Stored>();
    byType.set(resource.resourceType, all.set(resource.id, resource));
    return resource;
  };
  const stamped = (resource: Resource, given: string): Stored => ({
    ...resource,
    id: given,
    meta: { ...resource.meta, versionId: '1', lastUpdated: new Date(now()).toISOString() },
  });
  for (const resource of resources) put(stamped(resource, resource.id ?? id()));
  return {
    read: (type, given) => byType.get(type)?.get(given),
    search(type, query) {
      const matches = tests(type, query);
      const found = [...(byType.get(type)?.values() ?? [])].filter((each) => matches.every((matching) => matching(each as never)));
      if (query.get('_sort') === '-date') found.sort((a, b) => dateOf(b) - dateOf(a));
      if (query.get('_sort') === 'date') found.sort((a, b) => dateOf(a) - dateOf(b));
      return found;
    },
    create: (resource) => put(stamped(resource, id())),
    remove: (type, given) => byType.get(type)?.delete(given) ?? false,
    types: () => [...byType.keys()],
  };
}
