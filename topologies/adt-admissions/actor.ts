import { type Actor, actor, type Effect } from 'aorta';
import { putTimeline } from 'aorta/canonical';
import { type MappingContext, visitKey } from 'aorta/fhir';
import type { TimelineEvent } from '../../schemas/generated/timeline-event.ts';
import { eventOf, rowOf } from '../hl7/history.ts';
import { learn } from './demographics.ts';
import { timelineType } from './history.ts';
import { Revision } from './revision.ts';
import { knows, newPatient, type PatientState } from './state.ts';
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
    version: 1,
    initial: () => newPatient,
    receive(state, step: Step, ctx) {
      const key = step.visit === undefined ? undefined : (visitKey(step, mapping.systems) ?? '');
      if (key !== undefined && knows(state, step.eventId)) return { skip: 'duplicate' };
      const seq = ctx.source.offset;
      const turn = new Revision(
        { ...state, demographics: learn(state.demographics, step.patient, step.occurredAt, seq, mapping.systems) },
        mapping,
        ctx,
      );
      turn.patient();
      const { eventId: id, kind, occurredAt: at, when, visit: facts = {} } = step;
      const encounter = key === undefined ? null : turn.visit(key, { id, kind, at, when, seq, facts });
      const event = eventOf(step, ctx, timelineType[kind], { encounter, cancels: turn.cancels(id) });
      return { state: turn.state, emit: [{ effects: [...turn.effects, putTimeline(rowOf(step, event, seq))], event }] };
    },
  });
