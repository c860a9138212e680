import { AortaError } from '../../errors/index.ts';
import type { Resource } from '../r4.ts';
import type { Call, FhirClient, Found } from './client.ts';
import type { Clock } from './guard.ts';
import { isOf, prefetched } from './prefetch.ts';
import { isInstance, type Read, typeOfTemplate } from './reads.ts';
import { fill } from './template.ts';

/**
 * How a read ended. `complete`: all there is (perhaps nothing). `partial`: something, not all. `denied`: it cannot be had
 * (no prefetch and no access, or the EHR refuses). `failed`: the EHR did not answer, or not in time.
 */
export type ReadStatus = 'complete' | 'partial' | 'denied' | 'failed';

export interface ReadResult {
  readonly status: ReadStatus;
  readonly resources: readonly Resource[];
  readonly source: 'prefetch' | 'ehr' | 'both' | 'none';
  /** Code of what went wrong; never PHI. */
  readonly problem?: string;
  readonly pages: number;
}

/** What was read for one answer, to be kept with it: which query, from where, which versions. */
export interface ReadRecord {
  readonly key: string;
  /** As declared, with its tokens: no id of a patient. */
  readonly query: string;
  readonly status: ReadStatus;
  readonly source: ReadResult['source'];
  readonly problem?: string;
  /** `Type/id`, with `/_history/v` where a version is known. */
  readonly entities: readonly string[];
}

export interface Provenance {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly base: string | undefined;
  readonly reads: readonly ReadRecord[];
}

export interface Gathered<Key extends string = string> {
  readonly reads: Readonly<Record<Key, ReadResult>>;
  readonly provenance: Provenance;
  /** Keys of reads that are not complete. */
  readonly incomplete: readonly Key[];
}

export interface GatherOptions {
  readonly reads: readonly Read[];
  /** Values of the context that templates name: `patientId`, `encounterId`, … */
  readonly context: Readonly<Record<string, unknown>>;
  readonly prefetch?: Readonly<Record<string, unknown>>;
  /** None: there is no access to the EHR. */
  readonly client?: FhirClient | undefined;
  /** Milliseconds for each read, its pages included. None left: the EHR is not asked. */
  readonly perReadMs: number;
  readonly signal?: AbortSignal;
  readonly clock: Clock;
}

/**
 * The one context builder: CDS services, assist and drafts are given what it gathers. All reads at once; prefetched data
 * first, the EHR for what is missing. A read that fails leaves the others alone, and says so.
 *
 * Never rejects for what an EHR does; only when the caller's signal is aborted.
 */
export async function gather<Key extends string>(
  options: GatherOptions & { readonly reads: readonly (Read & { key: Key })[] },
): Promise<Gathered<Key>> {
  const results = await Promise.all(options.reads.map(async (read: Read & { key: Key }) => [read, await one(read, options)] as const));
  options.signal?.throwIfAborted();
  return {
    reads: Object.fromEntries(results.map(([{ key }, result]) => [key, result])) as Record<Key, ReadResult>,
    incomplete: results.filter(([, { status }]) => status !== 'complete').map(([{ key }]) => key),
    provenance: {
      at: options.clock.now(),
      base: options.client?.base,
      reads: results.map(([{ key, template }, { status, source, problem, resources }]) => ({
        ...{ key, query: template, status, source, entities: resources.map(entity) },
        ...(problem === undefined ? {} : { problem }),
      })),
    },
  };
}

const entity = ({ resourceType, id = '', meta }: Resource): string =>
  meta?.versionId === undefined ? `${resourceType}/${id}` : `${resourceType}/${id}/_history/${meta.versionId}`;

/** A deadline has passed. */
const late = 'AORTA_EHR_001';

async function one(read: Read, options: GatherOptions): Promise<ReadResult> {
  const patientId = String(options.context['patientId'] ?? '');
  const filled = () => fill(read.template, options.context, options.clock.now());
  const id = isInstance(read.template) ? filled()?.split('/')[1] : undefined;
  const given = prefetched(read, options.prefetch ?? {}, patientId, id);
  if (given.kind === 'none') return { status: 'complete', resources: [], source: 'prefetch', pages: 0 };
  const call: Call = { deadlineMs: options.perReadMs, ...(options.signal ? { signal: options.signal } : {}) };
  if (given.kind === 'data') {
    const rest =
      given.next === undefined || read.firstPage || endsOld(read, given.resources, options)
        ? undefined
        : await follow(given.next, read, call, options);
    const resources = [...given.resources, ...(rest?.resources ?? [])];
    const all = rest === undefined || rest.complete;
    return {
      ...{ status: all ? 'complete' : 'partial', resources: young(read, resources, options), pages: 1 + (rest?.pages ?? 0) },
      ...{ source: (rest?.resources.length ?? 0) > 0 ? 'both' : 'prefetch' },
      ...(rest?.problem === undefined ? {} : { problem: rest.problem }),
    };
  }
  const query = filled();
  // A template whose token has no value here asks for nothing (an encounter where none is open).
  if (query === undefined) return { status: 'complete', resources: [], source: 'none', pages: 0 };
  if (!options.client) return { status: 'denied', resources: [], source: 'none', problem: given.reason, pages: 0 };
  if (options.perReadMs <= 0) return { status: 'failed', resources: [], source: 'none', problem: late, pages: 0 };
  try {
    const type = typeOfTemplate(read.template);
    if (isInstance(read.template)) {
      const resource = await options.client.read(query, call);
      if (!resource) return { status: 'denied', resources: [], source: 'ehr', problem: 'AORTA_EHR_005', pages: 1 };
      const fits = resource.resourceType === type && resource.id === id && isOf(resource, patientId);
      return fits
        ? { status: 'complete', resources: [resource], source: 'ehr', pages: 1 }
        : { status: 'denied', resources: [], source: 'ehr', problem: 'unfit', pages: 1 };
    }
    const found = await options.client.search(query, { ...call, until: (page) => read.firstPage === true || endsOld(read, page, options) });
    const own = found.resources.filter((resource) => resource.resourceType === type);
    const resources = own.filter((resource) => isOf(resource, patientId));
    const all = found.complete && resources.length === own.length;
    const problem = found.problem ?? (all ? undefined : 'unfit');
    return {
      ...{ status: all ? 'complete' : 'partial', resources: young(read, resources, options), source: 'ehr', pages: found.pages },
      ...(problem === undefined ? {} : { problem }),
    };
  } catch (thrown) {
    const { code, status } = failure(thrown);
    return { status, resources: [], source: 'none', problem: code, pages: 0 };
  }
}

/** The next pages of a prefetched Bundle; without access, or when it fails, what was prefetched stays partial. */
async function follow(next: string, read: Read, call: Call, options: GatherOptions): Promise<Found> {
  const { client, context } = options;
  const nothing = (problem: string): Found => ({ resources: [], complete: false, pages: 0, problem });
  if (!client) return nothing('absent');
  if (options.perReadMs <= 0) return nothing(late);
  try {
    const found = await client.search(next, { ...call, until: (page) => endsOld(read, page, options) });
    const type = typeOfTemplate(read.template);
    return {
      ...found,
      resources: found.resources.filter((each) => each.resourceType === type && isOf(each, String(context['patientId']))),
    };
  } catch (thrown) {
    return nothing(failure(thrown).code);
  }
}

function failure(thrown: unknown): { code: string; status: ReadStatus } {
  if (!(thrown instanceof AortaError)) return { code: 'unknown', status: 'failed' };
  // Refused for good is "cannot obtain"; everything else may pass.
  return { code: thrown.code, status: thrown.class === 'Permanent' ? 'denied' : 'failed' };
}

function timeOf(resource: Resource): number | undefined {
  const { effectiveDateTime, effectivePeriod, issued } = resource as {
    effectiveDateTime?: string;
    effectivePeriod?: { start?: string };
    issued?: string;
  };
  const time = Date.parse(effectiveDateTime ?? effectivePeriod?.start ?? issued ?? '');
  return Number.isNaN(time) ? undefined : time;
}

function old(read: Read, resource: Resource | undefined, { clock }: GatherOptions): boolean {
  const time = resource && timeOf(resource);
  return read.youngerThanMs !== undefined && time !== undefined && time < clock.now() - read.youngerThanMs;
}

/**
 * A page ends with one that is too old, and no newer one can follow: it is sorted as it was asked for. An EHR need not sort,
 * and one that does not may have the newest on its last page.
 */
function endsOld(read: Read, page: readonly Resource[], options: GatherOptions): boolean {
  if (!old(read, page.at(-1), options)) return false;
  const times = page.map(timeOf).filter((time) => time !== undefined);
  return times.every((time, at) => at === 0 || time <= (times[at - 1] as number));
}

/** Without those that are too old; one without a time is kept. */
const young = (read: Read, resources: readonly Resource[], options: GatherOptions): readonly Resource[] =>
  resources.filter((resource) => !old(read, resource, options));
