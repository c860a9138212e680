import { flow, map, to } from '../../../src/index.ts';
import { type Event, events, out } from '../flows.ts';
import { failing, supervised } from './failing.ts';
import { target } from './target.ts';

/** Many records that fail for good a few times: parked, redriven by operators, parked again, discarded. */
export default target(
  'parked',
  () => {
    const judge = failing();
    return flow('parked', supervised)
      .from(events)
      .pipe(
        map('fragile', (e: Event, ctx) => judge(e, ctx.eventId)),
        to(out),
      );
  },
  {
    event: (_key: string, n: number, random: { chance(p: number): boolean; int(n: number): number }): Event => ({
      n,
      fails: random.chance(0.35) ? 1 + random.int(3) : 0,
      kind: random.chance(0.8) ? 'permanent' : 'transient',
    }),
    events: 50,
    steps: 8,
    patients: 4,
    engine: { maxWaitMs: 100, redriveEveryMs: 20 },
  },
);
