import { type Actor, actor, createHash, type Effect } from 'aorta';
import { putTimeline } from 'aorta/canonical';
import type { MappingContext } from 'aorta/fhir';
import type { TimelineEvent } from '../../schemas/generated/timeline-event.ts';
import { eventOf, rowOf } from '../hl7/history.ts';
import type { StoredMessage } from './attachments.ts';
import { Revision } from './revision.ts';
import { limits, noResults, type ResultsState } from './state.ts';

/** What one message changes, and what it tells everyone downstream. */
export interface Change {
  readonly effects: readonly Effect[];
  readonly event: TimelineEvent;
}

/**
 * One patient's results. The state says which report of each result counts (rank.ts), not what the results are: a
 * message writes those that it wins, adds what is new, and leaves the rest alone.
 */
export const results = (mapping: MappingContext): Actor<ResultsState, StoredMessage, Change> =>
  actor({
    version: 1,
    initial: () => noResults,
    receive(state, message: StoredMessage, ctx) {
      const natural = naturalKey(message);
      if (state.seen.includes(natural)) return { skip: 'natural-duplicate' };
      const turn = new Revision({ ...state, seen: [...state.seen, natural].slice(-limits.seen) }, message, mapping, ctx);
      turn.write();
      const event = eventOf(message, ctx, 'Result', { encounter: turn.encounter });
      const told = putTimeline(rowOf(message, event, ctx.source.offset));
      return { state: turn.state, emit: [{ effects: [...turn.effects, told], event }] };
    },
  });

/**
 * The same message, whatever its control id: time, visit, orders and results. Two messages of one second are two when
 * they say different things.
 */
function naturalKey({ occurredAt, patient, visit, orders }: StoredMessage): string {
  return createHash('sha256')
    .update(JSON.stringify([occurredAt, patient, visit ?? null, orders]))
    .digest('base64url')
    .slice(0, 22);
}
