import type { Ehr } from './options.ts';

const standardCount = 20;
const mostCount = 200;

/** A searchset Bundle: one page, with `next` while there is more. @throws UnknownSearch */
export function searchPage({ url, store }: Pick<Ehr, 'url' | 'store'>, type: string, query: URLSearchParams) {
  const found = store.search(type, query);
  const count = Math.min(mostCount, Math.max(1, Number(query.get('_count') ?? standardCount) || standardCount));
  const from = Math.max(0, Number(query.get('_page') ?? 0) || 0);
  const link = (relation: string, at: number) => {
    const paged = new URLSearchParams(query);
    paged.set('_page', String(at));
    return { relation, url: `${url}/fhir/${type}?${paged}` };
  };
  const more = from + count < found.length ? [link('next', from + count)] : [];
  const entry = found
    .slice(from, from + count)
    .map((resource) => ({ fullUrl: `${url}/fhir/${type}/${resource.id}`, resource, search: { mode: 'match' } }));
  return {
    ...{ resourceType: 'Bundle', type: 'searchset', total: found.length, link: [link('self', from), ...more] },
    // FHIR has no empty arrays.
    ...(entry.length === 0 ? {} : { entry }),
  };
}
