import { flow, mapAsync, to } from '../../../src/index.ts';
import { type Event, event, events, out } from '../flows.ts';
import { failing, supervised } from './failing.ts';
import { target } from './target.ts';

/** A flow without state that calls out and emits: at least once, first occurrences in order. */
export default target(
  'calls',
  () => {
    const judge = failing();
    return flow('calls', supervised)
      .from(events)
      .pipe(
        mapAsync('call', async (e: Event, ctx) => judge(e, ctx.eventId)),
        to(out),
      );
  },
  { event, events: 60, steps: 8, patients: 4, turnMs: 60, emissions: out, engine: { maxRecords: 10, maxWaitMs: 150 } },
);
