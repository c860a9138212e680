import { error } from '../errors/index.ts';
import type { Card, SystemAction } from './card.ts';
import { type Hook, type HookContexts, isHook, type Resource } from './hooks.ts';

/** A FHIR query with prefetch tokens, under a key. `clinicalReads` of `aorta` has the usual ones. */
export interface CdsRead<Key extends string = string> {
  readonly key: Key;
  readonly template: string;
}

/** What was read under one key. */
export interface CdsData {
  /** `complete`: all there is. `partial`: not all. `denied`, `failed`: nothing; say so rather than "there is none". */
  readonly status: 'complete' | 'partial' | 'denied' | 'failed';
  readonly resources: readonly Resource[];
}

/** What Aorta itself knows of the patient (the canonical store), found by the identifiers of the EHR's Patient. */
export interface OwnRecord {
  /** Aorta's id of the patient. */
  readonly patientId: string;
  /** Newest versions of one resource type, up to 2,000 of them. Never rejects: what the store does not give is in `ownGaps` of the run. */
  resources(type: string): Promise<readonly Resource[]>;
}

export interface CdsRun<H extends Hook, Key extends string> {
  readonly context: HookContexts[H];
  readonly data: Readonly<Record<Key, CdsData>>;
  /** Undefined when Aorta does not know the patient, or cannot say (`ownGaps`). */
  readonly own: OwnRecord | undefined;
  /**
   * What the canonical store did not give up to now, or not in time: `record` where it did not say whether it knows the patient, else
   * the resource types. Ask after the last `own.resources`, and say so rather than "there is none".
   */
  readonly ownGaps: () => readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Aborted when the answer is due. */
  readonly signal: AbortSignal;
  /** Address of this Aorta for links; the only base that cards may link to beside `cds.linkBases`. Other links are left out. */
  readonly home: string;
}

export type CdsAdvice = readonly Card[] | { readonly cards: readonly Card[]; readonly systemActions?: readonly SystemAction[] };

export interface CdsServiceDefinition<H extends Hook, Key extends string> {
  /** The `{id}` of its URL. */
  readonly id: string;
  readonly hook: H;
  readonly title: string;
  readonly description: string;
  readonly usageRequirements?: string;
  /** What `run` is given. */
  readonly reads: readonly CdsRead<Key>[];
  /** What discovery asks the EHR to prefetch. @default reads */
  readonly prefetch?: readonly CdsRead[];
  /** Reads without which it says nothing: when they cannot be had, the answer is 412. */
  readonly requires?: readonly NoInfer<Key>[];
  readonly run: (run: CdsRun<H, Key>) => CdsAdvice | Promise<CdsAdvice>;
}

export interface CdsService {
  readonly id: string;
  readonly hook: Hook;
  readonly title: string;
  readonly description: string;
  readonly usageRequirements?: string;
  readonly reads: readonly CdsRead[];
  readonly prefetch: readonly CdsRead[];
  readonly requires: readonly string[];
  readonly run: (run: CdsRun<Hook, string>) => CdsAdvice | Promise<CdsAdvice>;
  readonly [mark]: true;
}
const mark = Symbol.for('aorta.cds-service');

/**
 * Declares a CDS Hooks 2.0 service. `run` is pure of side effects: it is given the hook's context and what was read, and
 * returns cards. It is stopped when the answer is due, and a throw becomes an answer without cards: the EHR is never
 * blocked. Cards are checked before they leave.
 *
 * @throws AORTA_CDS_005 when the definition is not sound
 * @example
 * ```ts
 * import { clinicalReads, defineCdsService } from 'aorta';
 *
 * export default defineCdsService({
 *   id: 'allergy-count',
 *   hook: 'patient-view',
 *   title: 'Allergies',
 *   description: 'Says how many allergies are recorded.',
 *   reads: [clinicalReads.allergies],
 *   run: ({ data: { allergies } }) =>
 *     allergies.status === 'complete' && allergies.resources.length > 0
 *       ? [{ summary: `${allergies.resources.length} allergies are recorded`, indicator: 'info', source: { label: 'Aorta' } }]
 *       : [],
 * });
 * ```
 */
export function defineCdsService<const H extends Hook, const Key extends string>(definition: CdsServiceDefinition<H, Key>): CdsService {
  const { id, hook, title, description, usageRequirements, reads, prefetch = reads, requires = [], run } = definition;
  const wrong = (problem: string) => error('AORTA_CDS_005', { service: String(id).slice(0, 60), problem });
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(id)) throw wrong('its id is not of lower-case letters, digits and dashes');
  if (!isHook(hook)) throw wrong('its hook is not served');
  if (!title || !description) throw wrong('title and description are needed');
  for (const list of [reads, prefetch]) {
    if (new Set(list.map(({ key }) => key)).size < list.length) throw wrong('two reads have the same key');
  }
  const unknown = requires.find((key) => !reads.some((read) => read.key === key));
  if (unknown !== undefined) throw wrong(`it requires ${unknown}, which it does not read`);
  return Object.freeze({
    ...{ id, hook, title, description, reads, prefetch, requires, [mark]: true as const },
    ...(usageRequirements === undefined ? {} : { usageRequirements }),
    run: run as unknown as CdsService['run'],
  });
}

export const isCdsService = (value: unknown): value is CdsService => typeof value === 'object' && value !== null && mark in value;
