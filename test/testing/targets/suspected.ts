import { actor, flow, map, merge, process, to } from '../../../src/index.ts';
import { type Event, events, more, out } from '../flows.ts';
import { failing, supervised } from './failing.ts';
import { target } from './target.ts';

const counter = actor<{ count: number }, Event, Event>({
  version: 1,
  initial: () => ({ count: 0 }),
  receive: (state, e) => ({ state: { count: state.count + 1 }, emit: [e] }),
});

/**
 * Nothing ends a process but one record, and turns are slow: whoever else was under way each time must not be parked with
 * it, nor who was when a worker lost its partitions and lived. Two sources, retries in front of it and behind it, more records than are under suspicion.
 */
export default target(
  'suspected',
  () => {
    const judge = failing();
    return flow('suspected', supervised)
      .from(merge(events, more))
      .pipe(
        map('fragile', (e: Event, ctx) => judge(e, ctx.eventId)),
        process('counter', counter),
        to(out),
      );
  },
  {
    event: (_key: string, n: number, random: { chance(p: number): boolean; int(n: number): number }): Event => ({
      n,
      fails: random.chance(0.2) ? 1 + random.int(2) : 0,
      kind: 'transient',
    }),
    events: 40,
    steps: 6,
    turnMs: 600,
    lethal: 1,
    without: ['kill', 'kill-at', 'recreate', 'refuse', 'fail', 'outage', 'redrive'],
    engine: { maxWaitMs: 300, suspects: 6, maxRecords: 12 },
  },
);
