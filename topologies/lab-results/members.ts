import { encounterId, inside, part, systemOf, type V2Facts, type V2Field, type V2Repetition, visitKey } from 'aorta/fhir';
import type { StoredMessage } from './attachments.ts';
import type { ResultsState } from './state.ts';

/**
 * Patients who were merged into this one keep a state of their own in it, as in `adt-admissions`: a correction finds the
 * report that it is about under the id it was written under, and an unmerge gives everything back.
 */
export type Path = readonly string[];

type Systems = Readonly<Record<string, string>>;
const mostNumbers = 32;

export const stateAt = (state: ResultsState, [first, ...rest]: Path): ResultsState =>
  first === undefined ? state : stateAt(memberOf(state, first), rest);

export const withState = (state: ResultsState, [first, ...rest]: Path, next: ResultsState): ResultsState =>
  first === undefined ? next : { ...state, merged: { ...state.merged, [first]: withState(memberOf(state, first), rest, next) } };

function memberOf(state: ResultsState, id: string): ResultsState {
  const member = state.merged[id];
  if (!member) throw new Error('no such member');
  return member;
}

/** Every member, nearest first; the survivor before all. */
function paths(state: ResultsState): Path[] {
  const nested = Object.entries(state.merged).flatMap(([id, member]) => paths(member).map((path) => [id, ...path]));
  return [[], ...nested.sort((a, b) => a.length - b.length)];
}

const numberKey = (cx: V2Repetition, systems: Systems): string => `${systemOf(inside(cx, 4), systems) ?? ''}|${part(cx, 1) ?? ''}`;

/** The state with the numbers (PID-3) that a message knows the patient by. */
export function numbered(state: ResultsState, patient: V2Facts, systems: Systems): ResultsState {
  const known = new Set(paths(state).flatMap((path) => stateAt(state, path).numbers.map((cx) => numberKey(cx, systems))));
  const fresh: V2Field = (patient['PID-3'] ?? []).filter((cx) => part(cx, 1) !== undefined && !known.has(numberKey(cx, systems)));
  return fresh.length === 0 ? state : { ...state, numbers: [...state.numbers, ...fresh].slice(-mostNumbers) };
}

/** Where a message belongs: `host` has its reports, `visitor` is the patient of its visit (they may differ after a merge). */
export interface Belonging {
  readonly host: Path;
  readonly visitor: Path;
}

/** The reports are of whoever has one of them, the visit of whoever is known to have it; else of whoever has one of the numbers. */
export function belonging(
  state: ResultsState,
  self: string,
  message: StoredMessage,
  reports: readonly string[],
  systems: Systems,
): Belonging {
  const all = paths(state);
  if (all.length === 1) return { host: [], visitor: [] };
  const said = new Set((message.patient['PID-3'] ?? []).map((cx) => numberKey(cx, systems)));
  const person = all.find((path) => stateAt(state, path).numbers.some((cx) => said.has(numberKey(cx, systems)))) ?? [];
  const visit = visitKey(message, systems);
  const visits = new Set(all.flatMap((path) => stateAt(state, path).placeholders));
  const visitor = all.find((path) => visit !== undefined && visits.has(encounterId(path.at(-1) ?? self, visit))) ?? person;
  return { host: all.find((path) => reports.some((key) => key in stateAt(state, path).reports)) ?? visitor, visitor };
}

/** What to add to offsets, so that what comes next is after everything so far: see `adt-admissions`, members.ts. */
export function shiftFrom(state: ResultsState, offset: number): number {
  const ranks = Object.values(state.reports).flatMap(({ rank, results, specimens }) => [
    rank,
    ...Object.values(results).map((each) => each.rank),
    ...Object.values(specimens).map((each) => each.rank),
  ]);
  return Math.max(0, [...ranks, state.horizon.until].reduce((highest, [, , , seq]) => Math.max(highest, seq), -1) + 1 - offset);
}
