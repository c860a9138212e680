import { error } from '../../errors/index.ts';
import { retryAfter } from '../../http/retry-after.ts';
import { jsonProblem } from '../json-bounds.ts';
import type { Resource } from '../r4.ts';
import type { Clock, Guard } from './guard.ts';
import type { HttpClient, HttpResponse } from './http.ts';

/** Where bearer tokens come from. */
export interface Tokens {
  get(): Promise<string>;
  /** The EHR answered 401: the next `get` gives another one. False: there is no other. */
  refused(token: string): boolean;
}

export interface Bundle extends Resource {
  resourceType: 'Bundle';
  type: string;
  link?: { relation: string; url: string }[];
  entry?: { fullUrl?: string; resource?: Resource; search?: { mode?: string } }[];
}

export interface Call {
  /** Milliseconds for the whole call. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

export interface Found {
  readonly resources: readonly Resource[];
  /** False: there is more, which was not read (a bound was reached, or a later page failed). */
  readonly complete: boolean;
  readonly pages: number;
  /** Code of what ended the reading early. */
  readonly problem?: string;
}

export interface FhirClient {
  readonly base: string;
  /** The resource, or undefined when there is none (404, 410). `path` is `Type/id`. */
  read(path: string, call: Call): Promise<Resource | undefined>;
  /**
   * All pages of a search, or as many as the bounds let. `query` is `Type?…`, or a `next` link of this EHR. `form`: its
   * values go in a body (R4 `POST Type/_search`), for those that name a person: URLs are logged on their way.
   */
  search(query: string, call: Call & SearchBounds): Promise<Found>;
  /** Conditional create: 201 made, 200 it was there. @throws AORTA_EHR_008 when there are several */
  create(
    resource: Resource,
    ifNoneExist: string,
    call: Call,
  ): Promise<{ readonly created: boolean; readonly resource?: Resource; readonly id?: string }>;
}

interface SearchBounds {
  readonly pages?: number;
  readonly until?: (page: readonly Resource[]) => boolean;
  readonly form?: boolean;
}

export interface FhirClientOptions {
  readonly base: string;
  readonly http: HttpClient;
  readonly guard: Guard;
  readonly clock: Clock;
  readonly tokens?: Tokens;
}

/** Pages that are followed unless the caller says otherwise; a patient's history may be endless, a budget is not. */
const mostPages = 10;
const mostResources = 2_000;

/**
 * FHIR R4 REST on one EHR. Every request goes through the guard, with a bearer token; a 401 is answered with one new
 * token and one repetition. `next` links are followed below the base only.
 *
 * Errors: AORTA_EHR_001 to _009, and those of the token source.
 */
export function createFhirClient({ base: given, http, guard, clock, tokens }: FhirClientOptions): FhirClient {
  const base = given.replace(/\/+$/, '');

  const send = (
    method: 'GET' | 'POST',
    url: string,
    what: string,
    call: Call,
    more: { headers?: Record<string, string>; body?: string } = {},
  ) =>
    guard.run(
      async (signal) => {
        for (let first = true; ; first = false) {
          const token = await tokens?.get();
          signal.throwIfAborted();
          const headers = {
            accept: 'application/fhir+json',
            ...more.headers,
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          };
          const answer = await http.send({ method, url, headers, signal, what, ...(more.body === undefined ? {} : { body: more.body }) });
          if (answer.status === 401 && token !== undefined && tokens?.refused(token) && first) continue;
          return classified(answer, what, clock);
        }
      },
      { deadlineMs: call.deadlineMs, ...(call.signal ? { signal: call.signal } : {}) },
    );

  const sendForm = (query: string, what: string, call: Call) => {
    const [path = '', body = ''] = query.split('?');
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return send('POST', `${base}/${path}/_search`, what, call, { headers, body });
  };

  return {
    base,
    async read(path, call) {
      const what = `read ${typeOf(path)}`;
      const answer = await send('GET', `${base}/${path}`, what, call);
      if (answer.status === 404 || answer.status === 410) return undefined;
      if (answer.status >= 300) throw error('AORTA_EHR_005', { what, status: answer.status });
      return resourceOf(answer, what);
    },

    async search(query, { pages: most = mostPages, until, form = false, ...call }) {
      const what = `search ${typeOf(query)}`;
      const started = clock.now();
      const resources: Resource[] = [];
      const seen = new Set<string>();
      // A query of ours is below the base as it stands; what an EHR wrote is looked at.
      let url = query.startsWith(base) ? below(base, query, what) : `${base}/${query}`;
      for (let pages = 1; ; pages++) {
        let bundle: Bundle;
        try {
          const left = call.deadlineMs - (clock.now() - started);
          const own = { ...call, deadlineMs: Math.max(1, left) };
          const answer = form && pages === 1 ? await sendForm(query, what, own) : await send('GET', url, what, own);
          if (answer.status !== 200) throw error('AORTA_EHR_005', { what, status: answer.status });
          bundle = bundleOf(resourceOf(answer, what), what);
        } catch (thrown) {
          if (resources.length === 0 || call.signal?.aborted) throw thrown;
          return { resources, complete: false, pages: pages - 1, problem: (thrown as { code?: string }).code ?? 'unknown' };
        }
        const from = resources.length;
        for (const { resource, search } of bundle.entry ?? []) if (resource && search?.mode !== 'outcome') resources.push(resource);
        const next = bundle.link?.find(({ relation }) => relation === 'next')?.url;
        if (next === undefined || (resources.length > from && until?.(resources.slice(from)))) return { resources, complete: true, pages };
        if (pages >= most || resources.length >= mostResources) return { resources, complete: false, pages, problem: 'bound' };
        seen.add(new URL(url).href);
        try {
          url = below(base, next, what);
        } catch {
          return { resources, complete: false, pages, problem: 'AORTA_EHR_009' };
        }
        // The same page again would give everything in it again.
        if (seen.has(url)) return { resources, complete: false, pages, problem: 'loop' };
      }
    },

    async create(resource, ifNoneExist, call) {
      const what = `create ${resource.resourceType}`;
      const headers = { 'content-type': 'application/fhir+json', 'if-none-exist': ifNoneExist, prefer: 'return=representation' };
      const answer = await send('POST', `${base}/${resource.resourceType}`, what, call, { headers, body: JSON.stringify(resource) });
      if (answer.status === 412) throw error('AORTA_EHR_008', { what: resource.resourceType });
      if (answer.status !== 200 && answer.status !== 201) throw error('AORTA_EHR_005', { what, status: answer.status });
      const told = answer.text === '' ? undefined : resourceOf(answer, what);
      // Some answer with an OperationOutcome, whatever they were asked to prefer; its id is not what was made.
      const made = told?.resourceType === resource.resourceType ? told : undefined;
      const id = made?.id ?? new RegExp(`${resource.resourceType}/([A-Za-z0-9.-]{1,64})`).exec(answer.headers['location'] ?? '')?.[1];
      return { created: answer.status === 201, ...(made ? { resource: made } : {}), ...(id === undefined ? {} : { id }) };
    },
  };
}

/** Only the resource type: ids and search values are PHI. */
const typeOf = (path: string): string => /(?:^|\/)([A-Z][A-Za-z]{1,40})(?:[/?]|$)/.exec(path)?.[1] ?? 'page';

function below(base: string, url: string, what: string): string {
  const parsed = URL.parse(url, `${base}/`);
  const root = new URL(base);
  const inside = parsed?.pathname === root.pathname || parsed?.pathname.startsWith(`${root.pathname.replace(/\/+$/, '')}/`);
  if (!parsed || parsed.origin !== root.origin || !inside) throw error('AORTA_EHR_009', { what });
  return parsed.href;
}

function classified(answer: HttpResponse, what: string, clock: Clock): HttpResponse {
  const { status, headers } = answer;
  const wait = retryAfter(headers['retry-after'], clock.now());
  if (status === 429 || (status === 503 && wait !== undefined)) {
    throw error('AORTA_EHR_003', { what, status }, wait === undefined ? {} : { retryAfterMs: wait });
  }
  if (status >= 500 || status === 408 || status === 425) throw error('AORTA_EHR_004', { what, status });
  if (status >= 300 && ![404, 410, 412].includes(status)) throw error('AORTA_EHR_005', { what, status });
  return answer;
}

function resourceOf({ text }: HttpResponse, what: string): Resource {
  const problem = jsonProblem(text);
  if (problem !== undefined) throw error('AORTA_EHR_006', { what, problem });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Neither the parser's message nor the text: both quote patients' data.
    throw error('AORTA_EHR_006', { what, problem: 'it is no JSON' });
  }
  if (typeof (value as Resource | null)?.resourceType !== 'string') throw error('AORTA_EHR_006', { what, problem: 'it is no resource' });
  return value as Resource;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isResource = (value: unknown): boolean => isObject(value) && typeof value['resourceType'] === 'string';

function bundleOf(resource: Resource, what: string): Bundle {
  const bundle = resource as Bundle;
  const { entry, link } = bundle;
  const all = (list: unknown, test: (each: Record<string, unknown>) => boolean) =>
    list === undefined || (Array.isArray(list) && list.every((each: unknown) => isObject(each) && test(each)));
  const fits =
    bundle.resourceType === 'Bundle' &&
    all(entry, ({ resource, search }) => (resource === undefined || isResource(resource)) && (search === undefined || isObject(search))) &&
    all(link, () => true);
  if (!fits) throw error('AORTA_EHR_006', { what, problem: 'it is no Bundle' });
  return bundle;
}
