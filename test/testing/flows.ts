import { AortaError } from '../../src/errors/index.ts';
import { actor, type Flow, filter, flow, map, park, process, retry, to, topic } from '../../src/index.ts';

/** What simulations feed. */
export interface Event {
  readonly n: number;
  /** How often its handler fails before it succeeds, and how. */
  readonly fails: number;
  readonly kind: string;
}
const schema = {
  type: 'record',
  name: 'Event',
  fields: [
    { name: 'n', type: 'int' },
    { name: 'fails', type: 'int' },
    { name: 'kind', type: 'string' },
  ],
};
export const events = topic<Event>('events', schema, { partitions: 4 });
export const more = topic<Event>('more', schema, { partitions: 4 });
export const out = topic<Event>('out', schema, { partitions: 4 });
export const byKind = topic<Event>('by-kind', schema, { partitions: 4, key: 'kind' });

/** State, timers, emissions, skips, transient and permanent failures, parking: all that the engine does. */
export function everything(): Flow<unknown> {
  const tries = new Map<string, number>();
  const counter = actor<{ count: number }, Event, Event>({
    version: 1,
    initial: () => ({ count: 0 }),
    receive: (state, e, ctx) => ({
      state: { count: state.count + 1 },
      emit: [e],
      timers: e.n % 5 === 0 ? [{ name: 'later', at: ctx.now + 500 }] : [],
    }),
    timer: (state) => ({ state, skip: 'timer' }),
  });
  return flow('everything', { onFailure: { Transient: { retry: retry.backoff(50, 400, 3), last: park } } })
    .from(events)
    .pipe(
      map('fragile', (e, ctx) => {
        const id = ctx.eventId;
        const n = (tries.get(id) ?? 0) + 1;
        tries.set(id, n);
        if (n <= e.fails) throw new AortaError('AORTA_TEST', e.kind === 'permanent' ? 'Permanent' : 'Transient', 'planned');
        return e;
      }),
      filter('small', (e) => e.n % 7 !== 6),
      process('counter', counter),
      to(out),
    );
}

/** Event `n` of a patient; some fail a few times, some for good. */
export const event = (_key: string, n: number, random: { chance(p: number): boolean; int(n: number): number }): Event => ({
  n,
  fails: random.chance(0.1) ? 1 + random.int(5) : 0,
  kind: random.chance(0.3) ? 'permanent' : 'transient',
});
