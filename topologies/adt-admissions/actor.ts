import { type Actor, actor, type Effect } from 'aorta';
import { putTimeline } from 'aorta/canonical';
import { type MappingContext, visitKey } from 'aorta/fhir';
import type { TimelineEvent } from '../../schemas/generated/timeline-event.ts';
import { eventOf, rowOf } from '../hl7/history.ts';
import { isNewer, listed } from './allergies.ts';
import { learn } from './demographics.ts';
import { remembering, saysNothingNew } from './duplicate.ts';
import { timelineType } from './history.ts';
import { Revision } from './revision.ts';
import { knows, limits, newPatient, type PatientState } from './state.ts';
import type { Step } from './steps.ts';

/** What one event changes, and what it tells everyone downstream. */
export interface Change {
  readonly effects: readonly Effect[];
  readonly event: TimelineEvent;
}

/**
 * One patient's visits. The state is the events themselves: each turn adds one and folds the visits it touches anew, so
 * that a late event takes its place in event time and the current bed is whatever the newest events say.
 */
export const visits = (mapping: MappingContext): Actor<PatientState, Step, Change> =>
  actor({
    version: 2,
    initial: () => newPatient,
    // Version 1 knew no contacts, allergies and diagnoses.
    migrate: (stored) => ({ ...newPatient, ...(stored as PatientState) }),
    receive(state, step: Step, ctx) {
      const key = step.visit === undefined ? undefined : (visitKey(step, mapping.systems) ?? '');
      if (key !== undefined && knows(state, step.eventId)) return { skip: 'duplicate' };
      const learnt = knowing(state, step, ctx.source.offset, mapping);
      if (saysNothingNew(state, learnt, step, key)) return { skip: 'natural-duplicate' };
      const turn = new Revision(remembering(learnt, step, key), mapping, ctx);
      turn.patient();
      turn.allergies();
      const { eventId: id, kind, occurredAt: at, when, visit: facts = {}, diagnoses } = step;
      const event = { id, kind, at, when, seq: ctx.source.offset, facts, ...(diagnoses.length > 0 ? { diagnoses } : {}) };
      const encounter = key === undefined ? null : turn.visit(key, event);
      const told = eventOf(step, ctx, timelineType[kind], { encounter, cancels: turn.cancels(id) });
      return { state: turn.state, emit: [{ effects: [...turn.effects, putTimeline(rowOf(step, told, ctx.source.offset))], event: told }] };
    },
  });

/** The state with what the message says of the person. */
function knowing(state: PatientState, step: Step, seq: number, mapping: MappingContext): PatientState {
  const { patient, contacts, allergies, occurredAt: at, sender } = step;
  return {
    ...state,
    demographics: learn(state.demographics, patient, at, seq, mapping.systems),
    contacts: contacts.length > 0 && isNewer(at, seq, state.contacts) ? { segments: contacts, at, seq } : state.contacts,
    allergies: allergies.length > 0 ? listed(state.allergies, allergies, { sender, at, seq }, limits) : state.allergies,
  };
}
