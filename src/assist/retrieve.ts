import { type Canonical, type Paged, paged } from '../canonical/index.ts';
import type { Clock } from '../clock/clock.ts';
import { classOf } from '../errors/index.ts';
import { clinicalReads, type FhirClient, gather, type ReadRecord, vitalSigns } from '../fhir/client/index.ts';
import type { Identifier, Patient, Resource } from '../fhir/r4.ts';
import type { Clinical } from './clinical.ts';

/** Everything that a text is made from, and where it is from. Holds PHI. */
export interface Retrieved {
  /** As it was asked for: the id here, or the EHR's. */
  readonly patientId: string;
  /** The patient as the canonical store has them. */
  readonly own: Patient | undefined;
  /** At the EHR, where there is one with the same identifier. */
  readonly atEhr: Patient | undefined;
  readonly resources: readonly { readonly resource: Clinical; readonly source: 'ehr' | 'aorta' }[];
  readonly events: readonly { readonly type: string; readonly at: number; readonly ward: string | null }[];
  /** Names of what could not be read, or not whole. */
  readonly gaps: readonly string[];
  /** For the record of what was read: no values, but ids. */
  readonly provenance: { readonly at: number; readonly base: string | undefined; readonly reads: readonly ReadRecord[] };
}

export interface RetrieveOptions {
  readonly canonical: Canonical;
  /** Access to the EHR as the component that asks; none: the canonical store alone. */
  readonly client: FhirClient | undefined;
  readonly clock: Clock;
  /** Milliseconds for each read at the EHR. */
  readonly perReadMs: number;
  readonly signal: AbortSignal;
}

/** Patient: whoever was merged into this one; texts of before name them. */
const ownTypes = ['Patient', 'Encounter', 'Condition', 'AllergyIntolerance', 'Observation'] as const;
const mostIdentifiers = 4;
/** Names the read of our own record among the reads at the EHR. */
export const ownRecordKey = 'canonical';
export const contextReads = [...Object.values(clinicalReads), vitalSigns];

/**
 * The context of one patient: the canonical store, and the six reads with vital signs at the EHR. The patient is found
 * there by the identifiers of the one here, and the other way round; where identifiers lead to two people there is none,
 * rather than somebody else.
 *
 * Undefined: nobody knows this patient. What the EHR does not answer is a gap; only when nothing at all is known of the
 * patient without it, its error is thrown.
 */
export async function retrieve(patientId: string, options: RetrieveOptions): Promise<Retrieved | undefined> {
  const { canonical, client, clock, perReadMs, signal } = options;
  const gaps: string[] = [];
  let own = (await canonical.readResource('Patient', patientId)) as Patient | undefined;
  let atEhr: Patient | undefined;
  if (client) {
    try {
      atEhr = own ? await counterpart(own, client, options, gaps) : await named(patientId, client, options);
    } catch (thrown) {
      signal.throwIfAborted();
      if (!own || classOf(thrown) === 'Defect') throw thrown;
      gaps.push('the EHR');
    }
  }
  if (!own && atEhr) own = await recordOf(atEhr, canonical);
  if (!own && !atEhr) return undefined;

  const context = { patientId: atEhr?.id };
  const [gathered, ours, timeline] = await Promise.all([
    atEhr && client ? gather({ reads: contextReads, context, client, perReadMs, signal, clock }) : undefined,
    own ? Promise.all(ownTypes.map((type) => ownOf(type, own?.id ?? '', options))) : [],
    own ? ownEvents(own.id ?? '', options) : undefined,
  ]);
  for (const [at, { whole }] of ours.entries()) if (!whole) gaps.push(`${ownTypes[at]} in Aorta`);
  if (timeline && !timeline.whole) gaps.push('the newest events in Aorta');
  if (gathered) gaps.push(...gathered.incomplete);
  else if (client && !gaps.includes('the EHR') && !gaps.includes('the EHR (two patients match)')) gaps.push('the EHR (no such patient)');
  const ehr = gathered ? Object.values(gathered.reads).flatMap(({ resources }) => resources) : atEhr ? [atEhr] : [];
  const here = [
    ...(own ? [own as Resource] : []),
    ...ours.flatMap(({ all }) => all).filter(({ resourceType, id }) => resourceType !== 'Patient' || id !== own?.id),
  ];
  return {
    patientId: own?.id ?? patientId,
    own,
    atEhr,
    resources: [
      ...ehr.map((resource) => ({ resource: resource as unknown as Clinical, source: 'ehr' as const })),
      ...here.map((resource) => ({ resource: resource as unknown as Clinical, source: 'aorta' as const })),
    ],
    events: (timeline?.all ?? [])
      .filter(({ type }) => type !== 'Update' && type !== 'Result')
      .map((event) => ({ type: event.type, at: Date.parse(String(event.occurredAt)) || Number(event.occurredAt), ward: wardOf(event) })),
    gaps,
    provenance: {
      at: clock.now(),
      base: client?.base,
      reads: [...(gathered?.provenance.reads ?? []), ...(here.length === 0 ? [] : [ownRead(here)])],
    },
  };
}

const ownOf = (type: string, patient: string, { canonical, signal }: RetrieveOptions): Promise<Paged<Resource>> =>
  paged(async (page) => {
    signal.throwIfAborted();
    const { resources: items, cursor } = await canonical.search(type, { patient, ...page });
    return { items, cursor };
  });

const ownEvents = (patient: string, { canonical, signal }: RetrieveOptions) =>
  paged(async (page) => {
    signal.throwIfAborted();
    const found = await canonical.timeline(patient, page);
    return { items: found?.events ?? [], cursor: found?.cursor };
  });

const wardOf = (event: object): string | null => {
  const { location } = event as { location?: { ward?: unknown } };
  return typeof location?.ward === 'string' ? location.ward : null;
};

const ownRead = (resources: readonly Resource[]): ReadRecord => ({
  ...{ key: ownRecordKey, query: 'canonical store', status: 'complete', source: 'none' },
  entities: resources.map(({ resourceType, id = '', meta }) => `${resourceType}/${id}/_history/${meta?.versionId ?? '1'}`),
});

const usable = ({ identifier = [] }: Patient): readonly Identifier[] =>
  identifier.filter(({ system, value }) => system && value).slice(0, mostIdentifiers);

async function counterpart(own: Patient, client: FhirClient, options: RetrieveOptions, gaps: string[]): Promise<Patient | undefined> {
  const { perReadMs: deadlineMs, signal } = options;
  const found = await Promise.all(
    usable(own).map(({ system, value }) =>
      client.search(`Patient?identifier=${encodeURIComponent(`${system}|${value}`)}`, { deadlineMs, signal, pages: 1, form: true }),
    ),
  );
  const people = new Map(
    found.flatMap(({ resources }) => resources.filter(({ resourceType }) => resourceType === 'Patient').map((each) => [each.id, each])),
  );
  if (people.size > 1) gaps.push('the EHR (two patients match)');
  return people.size === 1 ? ([...people.values()][0] as Patient) : undefined;
}

async function named(
  patientId: string,
  client: FhirClient,
  { perReadMs: deadlineMs, signal }: RetrieveOptions,
): Promise<Patient | undefined> {
  const found = await client.read(`Patient/${encodeURIComponent(patientId)}`, { deadlineMs, signal });
  return found?.resourceType === 'Patient' && found.id === patientId ? (found as Patient) : undefined;
}

async function recordOf(patient: Patient, canonical: Canonical): Promise<Patient | undefined> {
  const found = await Promise.all(
    usable(patient).map(({ system, value }) => canonical.search('Patient', { identifier: `${system}|${value}`, limit: 2 })),
  );
  const people = new Map(found.flatMap(({ resources }) => resources.map((each) => [each.id, each])));
  return people.size === 1 ? ([...people.values()][0] as Patient) : undefined;
}
