import { type Actor, actor, createHash, type Effect } from 'aorta';
import { putTimeline } from 'aorta/canonical';
import type { MappingContext } from 'aorta/fhir';
import type { TimelineEvent } from '../../schemas/generated/timeline-event.ts';
import { eventOf, rowOf } from '../hl7/history.ts';
import type { StoredMessage } from './attachments.ts';
import { reportKeys } from './keys.ts';
import { belonging, numbered, stateAt, withState } from './members.ts';
import { merging } from './merge.ts';
import { Revision } from './revision.ts';
import { limits, noResults, type ResultsState } from './state.ts';

/** What one message changes, and what it tells everyone downstream. */
export interface Change {
  readonly effects: readonly Effect[];
  /** Null for what a merge of patients writes by itself. */
  readonly event: TimelineEvent | null;
}

/**
 * One patient's results. The state says which report of each result counts (rank.ts), not what the results are: a
 * message writes those that it wins, adds what is new, and leaves the rest alone.
 */
export const results = (mapping: MappingContext): Actor<ResultsState, StoredMessage, Change> =>
  actor({
    version: 2,
    initial: () => noResults,
    // Version 1 knew no merged patients.
    migrate: (stored) => ({ ...noResults, ...(stored as ResultsState) }),
    ...merging(mapping),
    receive(state, message: StoredMessage, ctx) {
      const systems = mapping.systems ?? {};
      const { host, visitor } = belonging(state, ctx.key, message, reportKeys(message, mapping), systems);
      const own = stateAt(state, host);
      const natural = naturalKey(message);
      if (own.seen.includes(natural)) return { skip: 'natural-duplicate' };
      const [key, seq] = [host.at(-1) ?? ctx.key, ctx.source.offset + own.shift];
      const turn = new Revision({ ...own, seen: [...own.seen, natural].slice(-limits.seen) }, message, mapping, {
        key,
        now: ctx.now,
        seq,
        visitor: visitor.at(-1) ?? ctx.key,
      });
      turn.write();
      const event = eventOf(message, ctx, 'Result', { encounter: turn.encounter });
      // The row is where its report is; readers follow the link.
      const told = putTimeline({ ...rowOf(message, event, seq), patient: key });
      const next = numbered(withState(state, host, turn.state), message.patient, systems);
      return { state: next, emit: [{ effects: [...turn.effects, told], event }] };
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
