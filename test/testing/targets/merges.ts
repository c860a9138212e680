import type { FlowStart } from '../../../src/flow/flow.ts';
import { actor, effect, type Flow, flow, merge, process, table, to, topic, write } from '../../../src/index.ts';
import { type Event, events, out } from '../flows.ts';
import { failing, supervised } from './failing.ts';
import { target } from './target.ts';

interface Row {
  id: string;
  under: string;
}
const applied = table<Row>('merged_applied', { columns: { id: { type: 'text' }, under: { type: 'text' } }, key: ['id', 'under'] });
const merging = topic<Event>('merging-events', events.schema, { partitions: 4, merges: true });

const mergingToo = topic<Event>('merging-too', events.schema, { partitions: 4, merges: true });

const patients = (name: string, start: (start: FlowStart) => Flow<Event>) =>
  target(
    name,
    () => {
      const judge = failing();
      const history = actor<{ ids: string[] }, Event, Event>({
        version: 1,
        initial: () => ({ ids: [] }),
        receive: (state, e, ctx) => ({ state: { ids: [...state.ids, ctx.eventId] }, emit: [judge(e, ctx.eventId)] }),
        merge: (state, merged) => ({ state: { ids: [...state.ids, ...merged.ids] } }),
      });
      return start(flow(name, supervised)).pipe(
        process('history', history),
        write('applied', {
          tables: [applied],
          effects: (_e: Event, ctx) => effect.insert(applied, { id: ctx.eventId, under: ctx.key }),
        }),
        to(out),
      );
    },
    {
      event: (_key: string, n: number, random: { chance(p: number): boolean; int(n: number): number }): Event => ({
        n,
        fails: random.chance(0.25) ? 1 + random.int(3) : 0,
        kind: random.chance(0.2) ? 'permanent' : 'transient',
      }),
      events: 60,
      steps: 8,
      patients: 5,
      merges: 3,
      turnMs: 30,
      // Small groups, so that two transactions are under way at once.
      engine: { maxWaitMs: 40, group: { maxTurns: 8, maxBytes: 2 ** 20 } },
      // Who was merged away handed all over: each event is remembered by one living patient, once.
      *invariant(end) {
        const away = new Map(end.merges.map(({ from, into }) => [from, into]));
        const survivorOf = (key: string): string => (away.has(key) ? survivorOf(away.get(key) as string) : key);
        for (const { key, eventId } of end.sent) {
          const ids = (end.stateOf('history', survivorOf(key)) as { ids: string[] } | undefined)?.ids ?? [];
          const times = ids.filter((id) => id === eventId).length;
          if (times !== 1) yield `${survivorOf(key)} remembers ${eventId} ${times} times`;
        }
      },
    },
  );

/** Patients who are merged while events of both are on their way. */
export default patients('merges', (start) => start.from(merging));
/** The same where each of two sources carries the merge. */
export const mergesOfTwo = patients('merges-of-two', (start) => start.from(merge(merging, mergingToo)));
