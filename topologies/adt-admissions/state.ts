import type { IdentifierKey } from 'aorta/canonical';
import type { V2Field } from 'aorta/fhir';
import { type Allergies, noAllergies, type SegmentList } from './allergies.ts';
import { assign } from './assign.ts';
import { inOrder } from './cancel.ts';
import type { Demographics } from './demographics.ts';
import type { Member } from './members.ts';
import { pictureOf, type VisitEvent, type VisitPicture } from './visit.ts';

/** An event with what its timeline row says now. */
export interface KeptEvent extends VisitEvent {
  readonly encounter: string | null;
  readonly cancels: string | null;
}

/** What was last written of a resource. */
export interface Written {
  readonly version: number;
  readonly digest: string;
  readonly identifiers: readonly IdentifierKey[];
}

/** What the actor keeps of a patient. Bounded: see `limits`. */
export interface PatientState {
  readonly demographics: Demographics;
  /** NK1 of the newest message that has any. */
  readonly contacts: SegmentList | null;
  readonly allergies: Allergies;
  readonly patient: Written | null;
  /** What hangs on the person alone: RelatedPerson and living will, by type and id. */
  readonly personal: { readonly [resource: string]: Written };
  /** By visit key; loose events (see `assign`) under the empty key. */
  readonly visits: { readonly [key: string]: readonly KeptEvent[] };
  /** Older events of a long visit, folded for good. */
  readonly bases: { readonly [key: string]: { readonly picture: VisitPicture; readonly until: number } };
  /** Unnumbered visits that have a key of their own already. */
  readonly unnumbered: number;
  /** Visits whose events were let go: closed long ago. Their resources stay as they are. */
  readonly sealed: readonly string[];
  readonly encounters: { readonly [id: string]: Written & { readonly closed: boolean } };
  /** Conditions by encounter. */
  readonly conditions: { readonly [encounter: string]: { readonly [id: string]: Written } };
  /**
   * The newest events that no visit remembers (`saidKey`): those about the person only, and those of visits that were
   * folded or sealed.
   */
  readonly said: readonly string[];
  /** Patients who were merged into this one, by id. */
  readonly merged: { readonly [patient: string]: Member };
  /** Numbers (CX) that A40 named as merged and nobody had. */
  readonly retired: V2Field;
  /** Added to offsets: see `shiftFrom`. */
  readonly shift: number;
  /** Places (Location id, building, floor) that this patient's turns have put already. */
  readonly places: readonly string[];
}

export const newPatient: PatientState = {
  demographics: {},
  contacts: null,
  allergies: noAllergies,
  patient: null,
  personal: {},
  visits: {},
  bases: {},
  unnumbered: 0,
  sealed: [],
  encounters: {},
  conditions: {},
  said: [],
  merged: {},
  retired: [],
  shift: 0,
  places: [],
};

/**
 * State of an earlier version, as it is now: what that version did not know is empty. Patients who were merged into this
 * one are in it, as they were then.
 */
export function migrated(stored: unknown): PatientState {
  const state = { ...newPatient, ...(stored as Partial<PatientState>) };
  const merged = Object.entries(state.merged).map(([id, member]) => [id, { ...member, state: migrated(member.state) }] as const);
  return { ...state, merged: Object.fromEntries(merged) };
}

/**
 * Events kept of a visit: beyond it the older half is folded for good, and what arrives later from before that enters
 * the history only. Visits kept open to late events: beyond it the longest closed ones are sealed.
 */
export const limits = { events: 256, visits: 16, sealed: 1000, places: 256, said: 512, allergies: 200, lists: 8 };

export const knows = (state: PatientState, eventId: string): boolean =>
  Object.values(state.visits).some((events) => events.some((event) => event.id === eventId));

/** Remembers what was said, where no visit does any more. */
export const withSaid = (state: PatientState, words: readonly string[]): PatientState =>
  words.length === 0 ? state : { ...state, said: [...state.said, ...words].slice(-limits.said) };

const wordsOf = (events: readonly KeptEvent[]): string[] => events.flatMap(({ said }) => said ?? []);

/** Too late to be folded: its visit is sealed, or folded for good beyond that time. */
export const isOld = (state: PatientState, key: string, at: number): boolean =>
  state.sealed.includes(key) || at <= (state.bases[key]?.until ?? Number.NEGATIVE_INFINITY);

export function add(state: PatientState, key: string, event: KeptEvent): PatientState {
  const next = { ...state, visits: { ...state.visits, [key]: inOrder([...(state.visits[key] ?? []), event]) } };
  return (next.visits[key]?.length ?? 0) <= limits.events ? next : key === '' ? settled(next) : folded(next, key);
}

function folded(state: PatientState, key: string): PatientState {
  const events = state.visits[key] ?? [];
  const [older, newer] = [events.slice(0, limits.events / 2), events.slice(limits.events / 2)];
  const base = { picture: pictureOf(older, state.bases[key]?.picture), until: older[older.length - 1]?.at ?? 0 };
  return {
    ...withSaid(state, wordsOf(older)),
    visits: { ...state.visits, [key]: newer },
    bases: { ...state.bases, [key]: base },
  };
}

/** Loose events stay for good where they belong now. */
function settled(state: PatientState): PatientState {
  const assigned = assign(state);
  const fresh = Object.keys(assigned).filter((key) => !(key in state.visits)).length;
  const next: PatientState = { ...state, visits: assigned, unnumbered: state.unnumbered + fresh };
  return Object.keys(assigned).reduce((all, key) => ((all.visits[key]?.length ?? 0) > limits.events ? folded(all, key) : all), next);
}

/** Lets the oldest closed visits go. `idOf`: a visit's encounter. */
export function seal(state: PatientState, idOf: (key: string) => string): PatientState {
  const numbered = Object.keys(state.visits).filter((key) => key !== '');
  const surplus = numbered.length - limits.visits;
  if (surplus <= 0) return state;
  const newest = (key: string) => Math.max(...(state.visits[key] ?? []).map((event) => event.at));
  const gone = new Set(
    numbered
      .filter((key) => state.encounters[idOf(key)]?.closed)
      .sort((a, b) => newest(a) - newest(b))
      .slice(0, surplus),
  );
  if (gone.size === 0) return state;
  const keep = <V>(record: { readonly [key: string]: V }) => Object.fromEntries(Object.entries(record).filter(([key]) => !gone.has(key)));
  const encounters: Record<string, PatientState['encounters'][string]> = { ...state.encounters };
  const conditions: Record<string, PatientState['conditions'][string]> = { ...state.conditions };
  for (const key of gone) {
    delete encounters[idOf(key)];
    delete conditions[idOf(key)];
  }
  return {
    ...withSaid(state, wordsOf([...gone].flatMap((key) => state.visits[key] ?? []))),
    encounters,
    conditions,
    visits: keep(state.visits),
    bases: keep(state.bases),
    sealed: [...state.sealed, ...gone].slice(-limits.sealed),
  };
}
