import { inside, part, systemOf, type V2Facts, type V2Field, type V2Repetition } from 'aorta/fhir';
import { isNewer, type SegmentList } from './allergies.ts';
import { isOpenAt } from './assign.ts';
import type { Demographics } from './demographics.ts';
import type { PatientState } from './state.ts';
import type { Step } from './steps.ts';

/**
 * A patient who was merged into this one. It stays a patient of its own here: its visits go on under its own id, events
 * about its numbers are its own, so that an unmerge gives it back as if the merge had not been.
 */
export interface Member {
  readonly state: PatientState;
  /** What its messages have said of the person since then: news of the survivor, too. */
  readonly since: { readonly demographics: Demographics; readonly contacts: SegmentList | null };
}

/** From the survivor down: ids of members within members. Empty: the survivor itself. */
export type Path = readonly string[];

type Systems = Readonly<Record<string, string>>;

export const stateAt = (state: PatientState, [first, ...rest]: Path): PatientState =>
  first === undefined ? state : stateAt(memberOf(state, first).state, rest);

export function withState(state: PatientState, [first, ...rest]: Path, next: PatientState): PatientState {
  if (first === undefined) return next;
  const member = memberOf(state, first);
  return { ...state, merged: { ...state.merged, [first]: { ...member, state: withState(member.state, rest, next) } } };
}

function memberOf(state: PatientState, id: string): Member {
  const member = state.merged[id];
  if (!member) throw new Error('no such member');
  return member;
}

/** Every member, nearest first; the survivor before all. */
export function paths(state: PatientState): Path[] {
  const nested = Object.entries(state.merged).flatMap(([id, member]) => paths(member.state).map((path) => [id, ...path]));
  return [[], ...nested.sort((a, b) => a.length - b.length)];
}

const numberKey = (cx: V2Repetition, systems: Systems): string => `${systemOf(inside(cx, 4), systems) ?? ''}|${part(cx, 1) ?? ''}`;

/** PID-3 as it was last said, for each authority. */
export const numbersIn = (demographics: Demographics): V2Field =>
  Object.entries(demographics).flatMap(([name, { value }]) => (name.startsWith('PID-3 ') ? (value ?? []) : []));

/** Numbers that others were known by: those of members, and those that A40 named and nobody had. */
export function oldNumbers(state: PatientState, systems: Systems): V2Field {
  const own = new Set(numbersIn(state.demographics).map((cx) => numberKey(cx, systems)));
  const old = new Map<string, V2Repetition>();
  for (const path of paths(state)) {
    const { demographics, retired } = stateAt(state, path);
    for (const cx of [...(path.length > 0 ? numbersIn(demographics) : []), ...retired]) old.set(numberKey(cx, systems), cx);
  }
  return [...old].flatMap(([key, cx]) => (own.has(key) ? [] : [cx]));
}

/** Adds numbers to those retired, once each. */
export function retire(state: PatientState, numbers: V2Field, systems: Systems): PatientState {
  if (numbers.length === 0) return state;
  const known = new Set([...numbersIn(state.demographics), ...oldNumbers(state, systems)].map((cx) => numberKey(cx, systems)));
  const fresh = numbers.filter((cx) => part(cx, 1) !== undefined && !known.has(numberKey(cx, systems)));
  return fresh.length === 0 ? state : { ...state, retired: [...state.retired, ...fresh].slice(-mostRetired) };
}

const mostRetired = 64;

/** Takes numbers that are a member's own out of those retired. */
export function unretire(state: PatientState, member: PatientState, systems: Systems): PatientState {
  const theirs = new Set(numbersIn(member.demographics).map((cx) => numberKey(cx, systems)));
  return { ...state, retired: state.retired.filter((cx) => !theirs.has(numberKey(cx, systems))) };
}

/** What a message says of the person, without old numbers: they do not take the place of those in use. */
export function withoutOld(state: PatientState, facts: V2Facts, systems: Systems): V2Facts {
  const { 'PID-3': numbers, ...others } = facts;
  const old = new Set(oldNumbers(state, systems).map((cx) => numberKey(cx, systems)));
  if (numbers === undefined || old.size === 0) return facts;
  const left = numbers.filter((cx) => !old.has(numberKey(cx, systems)));
  return left.length === 0 ? others : { ...others, 'PID-3': left };
}

/** Whom the message is about: the survivor by any of its own numbers, else the member that has one of them. */
export function whose(state: PatientState, step: Step, systems: Systems): Path {
  if (Object.keys(state.merged).length === 0 || step.kind === 'merge') return [];
  const said = new Set((step.patient['PID-3'] ?? []).map((cx) => numberKey(cx, systems)));
  const has = (path: Path) => numbersIn(stateAt(state, path).demographics).some((cx) => said.has(numberKey(cx, systems)));
  return paths(state).find(has) ?? [];
}

/**
 * Where a visit's event belongs: to whoever has the visit. An event without a visit number goes to whoever is in a visit
 * then, first of all the one that the message is about.
 */
export function hosting(state: PatientState, key: string, at: number, person: Path): Path {
  const all = paths(state);
  if (all.length === 1) return [];
  const sorted = [person, ...all.filter((path) => path.join() !== person.join())];
  const has = (path: Path): boolean => {
    const { visits, bases, sealed, ...rest } = stateAt(state, path);
    return key === ''
      ? isOpenAt({ visits, bases, unnumbered: rest.unnumbered }, at)
      : key in visits || key in bases || sealed.includes(key);
  };
  return sorted.find(has) ?? person;
}

/** The survivor's demographics with what members' messages have said since they were merged; numbers stay each one's own. */
export function knownOf(state: PatientState): { readonly demographics: Demographics; readonly contacts: SegmentList | null } {
  const demographics: Record<string, Demographics[string]> = { ...state.demographics };
  let { contacts } = state;
  for (const path of paths(state).slice(1)) {
    const { since } = memberOf(stateAt(state, path.slice(0, -1)), path.at(-1) as string);
    for (const [name, register] of Object.entries(since.demographics)) {
      if (!name.startsWith('PID-3 ') && isNewer(register.at, register.seq, demographics[name])) demographics[name] = register;
    }
    if (since.contacts && isNewer(since.contacts.at, since.contacts.seq, contacts)) contacts = since.contacts;
  }
  return { demographics, contacts };
}

/**
 * What to add to offsets so that what comes next is after everything so far: a patient's events come from another
 * partition after a merge or unmerge, whose offsets say nothing of the order.
 */
export function shiftFrom(state: PatientState, offset: number): number {
  const registers = [
    ...Object.values(state.demographics),
    ...Object.values(state.visits).flat(),
    ...Object.values(state.allergies.lists),
    ...(state.contacts ? [state.contacts] : []),
  ];
  return Math.max(0, registers.reduce((highest, { seq }) => Math.max(highest, seq), -1) + 1 - offset);
}
