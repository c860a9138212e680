import { actor, flow, mapAsync, process, to } from '../../../src/index.ts';
import { type Event, event, events, out } from '../flows.ts';
import { target } from './target.ts';

const counter = actor<{ count: number }, Event, Event>({
  version: 1,
  initial: () => ({ count: 0 }),
  receive: (state, e) => ({ state: { count: state.count + 1 }, emit: [e] }),
});

/**
 * Workers lose their partitions again and again, and live; turns are slower than that. One record ends its process: nobody
 * else may be parked, as nobody else ended one.
 */
export default target(
  'cut-off',
  () =>
    flow('cut-off')
      .from(events)
      .pipe(
        mapAsync('asked', async (e: Event) => e),
        process('counter', counter),
        to(out),
      ),
  {
    event,
    events: 24,
    steps: 40,
    patients: 3,
    turnMs: 4000,
    lethal: 1,
    without: [
      'pause',
      'kill',
      'kill-at',
      'stop',
      'rebalance',
      'jump',
      'slow',
      'trim',
      'gap',
      'recreate',
      'refuse',
      'fail',
      'outage',
      'redrive',
    ],
    engine: { suspects: 6, maxRecords: 12 },
  },
);
