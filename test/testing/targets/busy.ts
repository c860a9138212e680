import { actor, flow, map, process, to } from '../../../src/index.ts';
import { type Event, event, events, out } from '../flows.ts';
import { failing, supervised } from './failing.ts';
import { target } from './target.ts';

/** Slices of four turns that come late: somebody is ready nearly always, so emissions wait for each other (src/engine/linger.ts). */
const crowd = { event, events: 100, steps: 8, patients: 40, putOffMs: 15 };
const engine = { sliceMs: -1, maxWaitMs: 150 };

const counter = actor<{ count: number }, Event, Event>({
  version: 1,
  initial: () => ({ count: 0 }),
  receive: (state, e) => (e.n % 4 === 3 ? { state, skip: 'quiet' } : { state: { count: state.count + 1 }, emit: [e, e] }),
});

/** Groups with emissions and without. */
export default target(
  'busy',
  () => {
    const judge = failing();
    return flow('busy', supervised)
      .from(events)
      .pipe(
        map('fragile', (e: Event, ctx) => judge(e, ctx.eventId)),
        process('counter', counter),
        to(out),
      );
  },
  { ...crowd, engine },
);

/** Emissions without a row, and holds that come behind them. */
export const busyStateless = target(
  'busy-stateless',
  () => {
    const judge = failing();
    return flow('busy-stateless', supervised)
      .from(events)
      .pipe(
        map('fragile', (e: Event, ctx) => judge(e, ctx.eventId)),
        to(out),
      );
  },
  { ...crowd, emissions: out, engine },
);
