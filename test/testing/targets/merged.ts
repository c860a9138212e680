import { flow, map, merge, to } from '../../../src/index.ts';
import { type Event, event, events, more, out } from '../flows.ts';
import { failing, supervised } from './failing.ts';
import { numbered, rowsOf } from './numbered.ts';
import { target } from './target.ts';

/** Two sources feed one actor. */
export default target(
  'merged',
  () => {
    const judge = failing();
    return flow('merged', supervised)
      .from(merge(events, more))
      .pipe(
        map('fragile', (e: Event, ctx) => judge(e, ctx.eventId)),
        numbered('main'),
        map('plain', ({ n, fails, kind }) => ({ n, fails, kind })),
        to(out),
      );
  },
  { event, events: 80, steps: 8, engine: { maxWaitMs: 100 }, invariant: rowsOf('main') },
);
