import type { MappingContext } from 'aorta/fhir';
import { isNewer, listed } from './allergies.ts';
import { learn } from './demographics.ts';
import { type Member, type Path, retire, stateAt, withoutOld, withState } from './members.ts';
import { limits, type PatientState } from './state.ts';
import type { Step } from './steps.ts';

/** The state with what the message says of the person. `seq`: order of arrival. */
export function knowing(before: PatientState, step: Step, seq: number, mapping: MappingContext): PatientState {
  const { patient, contacts, allergies, occurredAt: at, sender } = step;
  const systems = mapping.systems ?? {};
  const state = retire(before, (step.kind === 'merge' && step.prior?.['MRG-1']) || [], systems);
  return {
    ...state,
    demographics: learn(state.demographics, withoutOld(state, patient, systems), at, seq, systems),
    contacts: contacts.length > 0 && isNewer(at, seq, state.contacts) ? { segments: contacts, at, seq } : state.contacts,
    allergies: allergies.length > 0 ? listed(state.allergies, allergies, { sender, at, seq }, limits) : state.allergies,
  };
}

/** The state with `learnt` in the place of the person that the message is about; a member's news are kept for the survivor, too. */
export function withNews(
  state: PatientState,
  person: Path,
  learnt: PatientState,
  { step, seq }: { readonly step: Step; readonly seq: number },
  mapping: MappingContext,
): PatientState {
  const next = withState(state, person, learnt);
  const id = person.at(-1);
  if (id === undefined) return next;
  const above = person.slice(0, -1);
  const survivor = stateAt(next, above);
  const { since, ...member } = survivor.merged[id] as Member;
  const { occurredAt: at, contacts, patient } = step;
  const news = {
    demographics: learn(since.demographics, patient, at, seq, mapping.systems),
    contacts: contacts.length > 0 && isNewer(at, seq, since.contacts) ? { segments: contacts, at, seq } : since.contacts,
  };
  return withState(next, above, { ...survivor, merged: { ...survivor.merged, [id]: { ...member, since: news } } });
}
