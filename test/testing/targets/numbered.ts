import { actor, effect, pipe, process, table, write } from '../../../src/index.ts';
import type { SimulationEnd } from '../../../src/testing/index.ts';
import type { Event } from '../flows.ts';

interface Row {
  lane: string;
  patient: string;
  nth: number;
  event: string;
}
const rows = table<Row>('lane_rows', {
  columns: { lane: { type: 'text' }, patient: { type: 'text' }, nth: { type: 'integer' }, event: { type: 'text' } },
  key: ['lane', 'patient', 'nth', 'event'],
});

/** Numbers the patient's turns in its state and writes the number: a lost update shows as a number that comes twice. */
export function numbered(lane: string) {
  const counter = actor<{ nth: number }, Event, Event & { nth: number }>({
    version: 1,
    initial: () => ({ nth: 0 }),
    receive: (state, e, ctx) => ({
      state: { nth: state.nth + 1 },
      emit: [{ ...e, nth: state.nth + 1 }],
      timers: e.n % 5 === 0 ? [{ name: 'later', at: ctx.now + 300 }] : [],
    }),
    timer: (state) => ({ state, skip: 'timer' }),
  });
  return pipe(
    process(`count-${lane}`, counter),
    write(`rows-${lane}`, {
      tables: [rows],
      effects: (e, ctx) => effect.insert(rows, { lane, patient: ctx.key, nth: e.nth, event: ctx.eventId }),
    }),
  );
}

/** Each event has one row in each lane, numbers of a patient rise by one, and each source is in order. */
export const rowsOf = (...lanes: readonly string[]) =>
  function* (end: SimulationEnd): Iterable<string> {
    const source = new Map(end.sent.map(({ eventId, topic }) => [eventId, topic]));
    for (const lane of lanes) {
      const own = end.rows(rows).filter((row) => row.lane === lane);
      for (const [patient, list] of Map.groupBy(own, (row) => row.patient)) {
        const last = new Map<string, number>();
        for (const [i, { nth, event }] of list.toSorted((a, b) => a.nth - b.nth).entries()) {
          if (nth !== i + 1) yield `${lane}: turn ${i + 1} of ${patient} has number ${nth} (${event})`;
          // What went with a topic that was made anew is not among what was sent.
          const topic = source.get(event);
          if (topic === undefined) continue;
          const n = Number(event.split('#')[1]);
          if (n < (last.get(topic) ?? -1)) yield `${lane}: ${event} came late`;
          last.set(topic, n);
        }
      }
      const seen = new Set(own.map(({ event }) => event));
      // Partitions of a topic that was made anew may stand still.
      if (!end.recreated)
        for (const { eventId } of end.sent)
          if (!seen.has(eventId) && !end.discardedInLane.has(eventId)) yield `${lane}: ${eventId} is missing`;
      if (own.length !== seen.size) yield `${lane}: ${own.length - seen.size} events twice`;
    }
  };
