import { actor, effect, flow, map, process, table, to, write } from '../../../src/index.ts';
import { type Event, event, events, out } from '../flows.ts';
import { failing, supervised } from './failing.ts';
import { target } from './target.ts';

interface Row {
  patient: string;
  nth: number;
  event_id: string;
}
const numbered = table<Row>('late_numbered', {
  columns: { patient: { type: 'text' }, nth: { type: 'integer' }, event_id: { type: 'text' } },
  key: ['patient', 'nth', 'event_id'],
});

/** Fails behind the actor and the write: state, rows and emissions of a failed turn must be gone. Slow turns, few credits. */
export default target(
  'late',
  () => {
    const judge = failing();
    const counter = actor<{ nth: number }, Event, Event & { nth: number }>({
      version: 1,
      initial: () => ({ nth: 0 }),
      receive: (state, e) => ({ state: { nth: state.nth + 1 }, emit: [{ ...e, nth: state.nth + 1 }] }),
    });
    return flow('late', supervised)
      .from(events)
      .pipe(
        process('counter', counter),
        write('numbered', {
          tables: [numbered],
          effects: (e: Event & { nth: number }, ctx) => effect.insert(numbered, { patient: ctx.key, nth: e.nth, event_id: ctx.eventId }),
        }),
        map('fragile', (e, ctx) => judge(e, ctx.eventId)),
        to(out),
      );
  },
  {
    event,
    events: 60,
    steps: 8,
    patients: 3,
    turnMs: 40,
    engine: { maxRecords: 6, maxWaitMs: 150, suspects: 4, maxHeld: 20, group: { maxTurns: 4, maxBytes: 2 ** 20 } },
    // One row a number, and the numbers in the order of the events.
    *invariant(end) {
      const last = new Map<string, number>();
      for (const { patient, nth, event_id } of end.rows(numbered)) {
        const expected = (last.get(patient) ?? 0) + 1;
        if (nth !== expected) yield `${event_id} of ${patient} has number ${nth}, expected ${expected}`;
        last.set(patient, nth);
      }
    },
  },
);
