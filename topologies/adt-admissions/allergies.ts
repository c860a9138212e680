import { allergen, type V2Facts } from 'aorta/fhir';
import type { Written } from './state.ts';

/** Segments of one kind as one message listed them. */
export interface SegmentList {
  readonly segments: readonly V2Facts[];
  readonly at: number;
  readonly seq: number;
}

/** Event time, then arrival. */
export const isNewer = (at: number, seq: number, than: { readonly at: number; readonly seq: number } | null | undefined): boolean =>
  !than || at > than.at || (at === than.at && seq >= than.seq);

/** An allergy as it was last described. */
export interface Mention {
  readonly facts: V2Facts;
  readonly at: number;
  readonly seq: number;
}

/**
 * AL1 comes as a list that takes the place of the one before (snapshot mode), and each system has its own. An allergy is
 * active while any system's newest list has it; one that no list has any more becomes inactive, never vanishes.
 */
export interface Allergies {
  /** The keys of each sender's newest list. */
  readonly lists: { readonly [sender: string]: { readonly keys: readonly string[]; readonly at: number; readonly seq: number } };
  readonly known: { readonly [key: string]: Mention };
  readonly written: { readonly [key: string]: Written };
}

export const noAllergies: Allergies = { lists: {}, known: {}, written: {} };

/** Takes a message's list over. The order of calls does not matter. */
export function listed(
  allergies: Allergies,
  segments: readonly V2Facts[],
  from: { readonly sender: string; readonly at: number; readonly seq: number },
  limits: { readonly allergies: number; readonly lists: number },
): Allergies {
  const { sender, at, seq } = from;
  const known: Record<string, Mention> = { ...allergies.known };
  const keys: string[] = [];
  for (const facts of segments) {
    const key = allergen(facts);
    if (key === undefined) continue;
    keys.push(key);
    const full = Object.keys(known).length >= limits.allergies;
    if (key in known ? isNewer(at, seq, known[key]) : !full) known[key] = { facts, at, seq };
  }
  const room = sender in allergies.lists || Object.keys(allergies.lists).length < limits.lists;
  const newest = room && isNewer(at, seq, allergies.lists[sender]);
  return { ...allergies, known, lists: newest ? { ...allergies.lists, [sender]: { keys, at, seq } } : allergies.lists };
}

export const isActive = (allergies: Allergies, key: string): boolean =>
  Object.values(allergies.lists).some(({ keys }) => keys.includes(key));
