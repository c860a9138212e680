import { actor, type FlowOptions, flow, park, process, to } from '../../../src/index.ts';
import { type Event, event, events, out } from '../flows.ts';
import { target } from './target.ts';

const counter = actor<{ count: number }, Event, Event>({
  version: 1,
  initial: () => ({ count: 0 }),
  receive: (state, e) => ({ state: { count: state.count + 1 }, emit: [e] }),
});

/** It comes again when it would have ended the process. */
const late: FlowOptions = { onFailure: { Transient: { retry: { kind: 'ladder', delaysMs: Array(20).fill(3000) }, last: park } } };

/**
 * Functions that look at no signal go on when their turns were ended, by drains and lost partitions, and one record ends the
 * process when it is past its deadline: it is parked, and nobody else.
 */
export default target('heedless', () => flow('heedless', late).from(events).pipe(process('counter', counter), to(out)), {
  event,
  events: 24,
  steps: 30,
  patients: 3,
  turnMs: 3000,
  heedless: true,
  lethal: 1,
  without: ['pause', 'kill', 'kill-at', 'jump', 'slow', 'trim', 'gap', 'recreate', 'refuse', 'fail', 'outage', 'redrive'],
  engine: { suspects: 6, maxRecords: 12, drainMs: 300 },
});
