// A flow with two sources and three lanes, and one that reads what it rekeys. Their effects are list-append: a row an
// effect, numbered by an actor's state, so that a lost update is a number that comes twice.
import assert from 'node:assert/strict';
import {
  actor,
  process as actorOf,
  batch,
  effect,
  type Flow,
  flow,
  map,
  mapAsync,
  merge,
  pipe,
  rekey,
  type Table,
  type Topic,
  table,
  tee,
  to,
  topic,
  write,
} from '../../../src/index.ts';

export interface Event {
  readonly n: number;
}
export interface Row {
  lane: string;
  patient: string;
  nth: number;
  event_id: string;
}
const schema = { type: 'record', name: 'Event', fields: [{ name: 'n', type: 'int' }] };
export const patients = 30;
const wards = 5;

export interface Split {
  readonly sources: readonly [Topic<Event>, Topic<Event>];
  readonly effects: Table<Row>;
  readonly split: Flow<unknown>;
  readonly census: Flow<unknown>;
}

/** The same in every process that gives the same name. */
export function splitOf(name: string): Split {
  const adt = topic<Event>(`adt-${name}`, schema, { partitions: 6 });
  const oru = topic<Event>(`oru-${name}`, schema, { partitions: 6 });
  const byWard = topic<Event>(`by-ward-${name}`, schema, { partitions: 3, key: 'ward' });
  const sink = topic<Event>(`sunk-${name}`, schema, { partitions: 6 });
  const effects = table<Row>(`effects_${name.replaceAll('-', '_')}`, {
    columns: { lane: { type: 'text' }, patient: { type: 'text' }, nth: { type: 'integer' }, event_id: { type: 'text' } },
    key: ['lane', 'patient', 'nth', 'event_id'],
  });
  const numbered = (lane: string) =>
    pipe(
      actorOf(
        `count-${lane}`,
        actor<{ nth: number }, Event, Event & { nth: number }>({
          version: 1,
          initial: () => ({ nth: 0 }),
          receive: (state, e) => ({ state: { nth: state.nth + 1 }, emit: [{ ...e, nth: state.nth + 1 }] }),
        }),
      ),
      write(`rows-${lane}`, {
        tables: [effects],
        effects: (e, ctx) => effect.insert(effects, { lane, patient: ctx.key, nth: e.nth, event_id: ctx.eventId }),
      }),
    );
  const split = flow(`split-${name}`)
    .from(merge(adt, oru))
    .pipe(
      numbered('main'),
      tee(
        {
          ehr: pipe(
            mapAsync('post', async (e: Event) => {
              await new Promise((resolve) => setTimeout(resolve, 1));
              return e;
            }),
            numbered('ehr'),
            map(({ n }) => ({ n })),
            to(sink),
          ),
          wards: pipe(
            numbered('wards'),
            batch('bulk', async (items) => items.map(({ value: { n } }) => ({ n })), { max: 10, within: 20 }),
            rekey((e) => `ward-${e.n % wards}`, byWard),
          ),
        },
        { lanes: 'independent' },
      ),
    );
  const census = flow(`census-${name}`).from(byWard).pipe(numbered('census'));
  return { sources: [adt, oru], effects, split, census };
}

/** Event n as it is sent: the two sources take turns. */
export const eventOf = ({ sources }: Split, n: number) => ({
  topic: (sources[n % 2] as Topic<Event>).name,
  key: `patient-${(n >> 1) % patients}`,
  eventId: `event-${n}`,
});

/** Each lane, and the second flow, have each of `sent` events once; numbers rise by one; each source is in order. */
export function check(all: readonly Row[], sent: number): void {
  for (const lane of ['main', 'ehr', 'wards', 'census']) {
    const own = all.filter((row) => row.lane === lane);
    const problems: string[] = [];
    for (const [patient, list] of Map.groupBy(own, (row) => row.patient)) {
      list.sort((a, b) => Number(a.nth) - Number(b.nth));
      const numbers = list.map(({ nth }) => Number(nth));
      if (numbers.some((nth, i) => nth !== i + 1)) problems.push(`${patient}: ${numbers.join(' ')}`);
      // Within a source; for a ward, within a source and a patient.
      const last = new Map<string, number>();
      for (const { event_id } of list) {
        const n = Number(/^event-(\d+)/.exec(event_id)?.[1]);
        const order = lane === 'census' ? `${n % 2}/${(n >> 1) % patients}` : String(n % 2);
        if (n < (last.get(order) ?? -1)) problems.push(`${patient}: event-${n} came late`);
        last.set(order, n);
      }
    }
    assert.deepEqual(problems, [], lane);
    const events = new Set(own.map(({ event_id }) => event_id.split(':')[0]));
    assert.equal(own.length, events.size, `${lane}: an event took effect twice`);
    assert.equal(events.size, sent, `${lane}: an event is missing`);
  }
}
