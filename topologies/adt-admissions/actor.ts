import { type Actor, actor, type Effect } from 'aorta';
import { putTimeline } from 'aorta/canonical';
import { type MappingContext, visitKey } from 'aorta/fhir';
import type { TimelineEvent } from '../../schemas/generated/timeline-event.ts';
import { eventOf, rowOf } from '../hl7/history.ts';
import { remembering, saidKey, saysNothingNew } from './duplicate.ts';
import { timelineType } from './history.ts';
import { hosting, stateAt, whose } from './members.ts';
import { merging } from './merge.ts';
import { knowing, withNews } from './news.ts';
import { Revision } from './revision.ts';
import { knows, migrated, newPatient, type PatientState } from './state.ts';
import type { Step } from './steps.ts';

/** What one event changes, and what it tells everyone downstream. */
export interface Change {
  readonly effects: readonly Effect[];
  /** Null for what a merge of patients writes by itself. */
  readonly event: TimelineEvent | null;
}

/**
 * One patient's visits. The state is the events themselves: each turn adds one and folds the visits it touches anew, so
 * that a late event takes its place in event time and the current bed is whatever the newest events say. An event of a
 * patient who was merged into this one changes that patient's part of the state (members.ts).
 */
export const visits = (mapping: MappingContext): Actor<PatientState, Step, Change> =>
  actor({
    version: 4,
    initial: () => newPatient,
    // Version 1 knew no contacts, allergies and diagnoses; version 2 no merged patients; version 3 no related persons.
    migrate: migrated,
    ...merging(mapping),
    receive(state, step: Step, ctx) {
      const systems = mapping.systems ?? {};
      const key = step.visit === undefined ? undefined : (visitKey(step, systems) ?? '');
      const person = whose(state, step, systems);
      const host = key === undefined ? person : hosting(state, key, step.occurredAt, person);
      const [of, at] = [stateAt(state, person), stateAt(state, host)];
      if (key !== undefined && knows(at, step.eventId)) return { skip: 'duplicate' };
      const said = saidKey(step);
      const learnt = knowing(of, step, ctx.source.offset + of.shift, mapping);
      const together = ({ visits: _, said: __, ...rest }: PatientState): PatientState => ({ ...rest, visits: at.visits, said: at.said });
      if (saysNothingNew(together(of), together(learnt), step, said, key)) return { skip: 'natural-duplicate' };
      const turn = new Revision(
        withNews(state, person, remembering(learnt, said, key), { step, seq: ctx.source.offset + state.shift }, mapping),
        mapping,
        ctx,
      );
      turn.patient();
      turn.within(person, (member) => member.allergies());
      const seq = ctx.source.offset + at.shift;
      const { eventId: id, kind, occurredAt, when, visit: facts = {}, diagnoses } = step;
      const event = { id, kind, at: occurredAt, when, seq, facts, said, ...(diagnoses.length > 0 ? { diagnoses } : {}) };
      const links = turn.within(host, (member) => ({
        encounter: key === undefined ? null : member.visit(key, event),
        cancels: member.cancels(id),
      }));
      const told = eventOf(step, ctx, timelineType[kind], links);
      // The row is where its encounter is; readers follow the link.
      const row = { ...rowOf(step, told, seq), patient: host.at(-1) ?? ctx.key };
      return { state: turn.state, emit: [{ effects: [...turn.effects, putTimeline(row)], event: told }] };
    },
  });
