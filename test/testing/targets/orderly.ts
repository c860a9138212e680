import { actor, flow, process, to } from '../../../src/index.ts';
import { type Event, events, out } from '../flows.ts';
import { target } from './target.ts';

const counter = actor<{ count: number }, Event, Event>({
  version: 1,
  initial: () => ({ count: 0 }),
  receive: (state, e) => ({ state: { count: state.count + 1 }, emit: [e] }),
});

/** Only deployments and rebalances: what one worker began, no other one does again. */
export default target('orderly', () => flow('orderly').from(events).pipe(process('counter', counter), to(out)), {
  event: (_key: string, n: number): Event => ({ n, fails: 0, kind: 'x' }),
  events: 60,
  steps: 8,
  patients: 4,
  turnMs: 60,
  orderly: true,
  engine: { drainMs: 2500 },
});
