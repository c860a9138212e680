import type { SimulationEnd } from '../../../src/testing/simulate.ts';
import { event, everything } from '../flows.ts';
import { target } from './target.ts';

/** State, timers, emissions, skips, failures in front of the actor, parking. */
export default target('everything', () => everything(), { event, events: 80, steps: 8, engine: { maxWaitMs: 100 }, invariant: counted });

/** The actor counted every event that reached it, once. */
function* counted(end: SimulationEnd): Iterable<string> {
  const expected = new Map<string, number>();
  for (const { key, eventId } of end.sent) if (Number(eventId.split('#')[1]) % 7 !== 6) expected.set(key, (expected.get(key) ?? 0) + 1);
  // A topic that is made anew takes its records with it, not the states.
  if (end.recreated) return;
  for (const [key, count] of expected) {
    const state = end.stateOf('counter', key) as { count: number } | undefined;
    if (state?.count !== count) yield `the state of ${key} counts ${state?.count ?? 0} events, ${count} were sent`;
  }
}
