import { AortaError } from '../../src/errors/index.ts';
import {
  actor,
  batch,
  effect,
  type Flow,
  filter,
  flow,
  map,
  mapAsync,
  merge,
  park,
  pipe,
  process,
  rekey,
  retry,
  table,
  tee,
  to,
  topic,
  write,
} from '../../src/index.ts';
import type { SimulationOptions } from '../../src/testing/index.ts';

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
function numbered(lane: string) {
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
    map(({ n, fails, kind }) => ({ n, fails, kind })),
  );
}

function failing(tries: Map<string, number>) {
  return (e: Event, ctx: { readonly eventId: string }): Event => {
    const n = (tries.get(ctx.eventId) ?? 0) + 1;
    tries.set(ctx.eventId, n);
    if (n <= e.fails) throw new AortaError('AORTA_TEST', e.kind === 'permanent' ? 'Permanent' : 'Transient', 'planned');
    return e;
  };
}
const onFailure = { Transient: { retry: retry.backoff(50, 400, 3), last: park } };

/** Two sources feed one actor. */
export function merged(): Flow<unknown> {
  const tries = new Map<string, number>();
  return flow('merged', { onFailure })
    .from(merge(events, more))
    .pipe(map('fragile', failing(tries)), numbered('main'), to(out));
}

/** Independent lanes, one with a batch: one that fails and waits, one that does not; over one source or two. */
export function lanes(sources: 1 | 2): Flow<unknown> {
  const tries = new Map<string, number>();
  const refused = new Set<string>();
  const start = sources === 1 ? flow('lanes', { onFailure }).from(events) : flow('lanes', { onFailure }).from(merge(events, more));
  return start.pipe(
    tee(
      {
        ehr: pipe(
          mapAsync('post', async (e: Event, ctx) => failing(tries)(e, ctx)),
          numbered('ehr'),
          to(out),
        ),
        wards: pipe(
          numbered('wards'),
          // Refused as a whole for one item, once for each such item.
          batch(
            'bulk',
            async (items) => {
              const bad = items.filter(({ value, eventId }) => value.kind === 'permanent' && value.fails > 1 && !refused.has(eventId));
              if (bad.length > 0 && items.length === 1) for (const { eventId } of bad) refused.add(eventId);
              if (bad.length > 0) throw new AortaError('AORTA_TEST', 'Permanent', 'planned');
              return items.map(({ value }) => value);
            },
            { max: 4, within: 20 },
          ),
          rekey((e) => e.kind, byKind),
        ),
      },
      { lanes: 'independent' },
    ),
  );
}

/** Each event has one row in each lane, numbers of a patient rise by one, and each source is in order. */
export const rowsOf =
  (...names: readonly string[]): NonNullable<SimulationOptions<Event>['check']> =>
  ({ state, sent }) => {
    const all = state.rows(rows);
    const bad: string[] = [];
    const source = new Map(sent.map(({ key, eventId }) => [eventId, key]));
    for (const lane of names) {
      const own = all.filter((row) => row.lane === lane);
      const patients = Map.groupBy(own, ({ patient }) => patient);
      for (const [patient, list] of patients) {
        list.sort((a, b) => a.nth - b.nth);
        list.forEach(({ nth, event }, i) => {
          if (nth !== i + 1) bad.push(`${lane}: turn ${i + 1} of ${patient} has number ${nth} (${event})`);
        });
        const last = new Map<string, number>();
        for (const { event } of list) {
          const [key, n] = [source.get(event) ?? '', Number(event.split('#')[1])];
          if (n < (last.get(key) ?? -1)) bad.push(`${lane}: ${event} came late`);
          last.set(key, n);
        }
      }
      const seen = new Set(own.map(({ event }) => event));
      // `merged` skips nothing; what the probe saw, each lane has seen.
      for (const { eventId } of sent) if (!seen.has(eventId)) bad.push(`${lane}: ${eventId} is missing`);
      if (own.length !== seen.size) bad.push(`${lane}: ${own.length - seen.size} events twice`);
    }
    return bad;
  };
