import { createHash } from 'aorta';
import { placeOf, samePlace } from 'aorta/fhir';
import { type PatientState, withSaid } from './state.ts';
import type { Step } from './steps.ts';

/**
 * The same event under another control id: the patient (this actor), the visit, the event and its time are the same, and
 * so is everything it says. Systems that restart, or send through two engines, do that. Two events of one minute that say
 * different things are two: dropping one of them would lose what only it says.
 * `word`: its `saidKey`.
 */
export function saysNothingNew(before: PatientState, learnt: PatientState, step: Step, word: string, key: string | undefined): boolean {
  // Word for word, whatever came in between; a loose event may lie in a visit by now.
  const events = key === undefined ? [] : key === '' ? Object.values(before.visits).flat() : (before.visits[key] ?? []);
  if (before.said.includes(word) || events.some(({ said }) => said === word)) return true;
  if (key === undefined) return false;
  const place = (facts: Step['visit']) => placeOf(facts?.['PV1-3']?.[0]);
  const twin = before.visits[key]?.some(
    (event) =>
      event.kind === step.kind &&
      event.at === step.occurredAt &&
      samePlace(place(event.facts), place(step.visit)) &&
      same(event.facts, step.visit) &&
      same(event.diagnoses ?? [], step.diagnoses),
  );
  return twin === true && same(valuesIn(before), valuesIn(learnt));
}

/** Events about the person only leave nothing in a visit: the newest are remembered by what they said. */
export const remembering = (state: PatientState, word: string, key: string | undefined): PatientState =>
  key === undefined ? withSaid(state, [word]) : state;

/** Digest of what an event is and says: of the person, and of the visit where it has one. */
export function saidKey({ kind, occurredAt, sender, patient, contacts, allergies, prior, visit, diagnoses }: Step): string {
  const ofVisit = visit === undefined ? [] : [visit, diagnoses];
  return createHash('sha256')
    .update(JSON.stringify([kind, occurredAt, sender, patient, contacts, allergies, ...(prior ? [prior] : []), ...ofVisit]))
    .digest('base64url')
    .slice(0, 22);
}

/** What is known, without since when. */
const valuesIn = ({ demographics, contacts, allergies }: PatientState): unknown => [
  Object.entries(demographics)
    .map(([name, { value }]) => [name, value])
    .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)),
  contacts?.segments ?? null,
  Object.entries(allergies.known).map(([name, { facts }]) => [name, facts]),
  Object.entries(allergies.lists).map(([sender, { keys }]) => [sender, keys]),
];

/** Facts are plain data in the order of their reading. */
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
