import { type Actor, actor, effect, type Flow, flow, map, process, type Table, table, to, topic, write } from 'aorta';
import { type Equal, expectType } from './expect.ts';

interface Vital {
  readonly rate: number;
}
interface Alert {
  readonly level: 'high' | 'low';
}
const vitals = topic<Vital>('vitals', 'bytes');
const alerts = topic<Alert>('alerts', 'bytes');
const source = flow('f').from(vitals);

// State, message and emission are inferred from the definition.
const counting = actor({
  version: 1,
  initial: (key) => ({ seen: key.length }),
  receive(state, vital: Vital, ctx) {
    expectType<Equal<typeof state, { seen: number }>>();
    return { state: { seen: state.seen + vital.rate }, emit: [ctx.now], timers: [{ name: 'idle', at: ctx.now + 1 }] };
  },
  timer: (state, timer) => ({ emit: [state.seen + timer.name.length] }),
});
expectType<Equal<typeof counting, Actor<{ seen: number }, Vital, number>>>();
const counted = source.pipe(process('count', counting));
expectType<Equal<typeof counted, Flow<number>>>();

// An actor that emits nothing: nothing leaves.
const silent = actor({ version: 1, initial: () => 0, receive: (state: number, vital: Vital) => ({ state: state + vital.rate }) });
const kept = source.pipe(process('silent', silent));
expectType<Equal<typeof kept, Flow<never>>>();

// Given types keep literals.
const judging = actor<null, Vital, Alert>({
  version: 1,
  initial: () => null,
  receive: (_state, v) => ({ emit: [{ level: v.rate > 100 ? 'high' : 'low' }] }),
});
source.pipe(process('judge', judging), to(alerts));

// @ts-expect-error the actor takes vitals
flow('g').from(alerts).pipe(process('count', counting));
// @ts-expect-error it emits numbers
source.pipe(process('count', counting), to(alerts));
// @ts-expect-error receive is synchronous
actor({ version: 1, initial: () => 0, receive: async (_state: number, _v: Vital) => ({}) });
// @ts-expect-error a skip reason is a string
actor({ version: 1, initial: () => 0, receive: (_state: number, _v: Vital) => ({ skip: 7 }) });
// @ts-expect-error the state of one turn is the state of the next
actor({ version: 1, initial: () => ({ n: 0 }), receive: (_state, _v: Vital) => ({ state: { m: 0 } }) });

// Rows, keys and columns.
interface Latest {
  readonly patient: string;
  readonly rate: number;
}
const latest = table<Latest>('latest', { columns: { patient: { type: 'text' }, rate: { type: 'integer' } }, key: ['patient'] });
expectType<Equal<typeof latest, Table<Latest>>>();
// @ts-expect-error 'mrn' is no column
table<Latest>('bad', { columns: { patient: { type: 'text' }, rate: { type: 'integer' } }, key: ['mrn'] });
// @ts-expect-error the column rate is missing
table<Latest>('bad', { columns: { patient: { type: 'text' } }, key: ['patient'] });
// @ts-expect-error a row has all columns
effect.upsert(latest, { patient: 'p' });
// @ts-expect-error rate is a number
effect.update(latest, { patient: 'p' }, { rate: '1' });
// @ts-expect-error 'weight' is no column
effect.upsert(latest, { patient: 'p', rate: 1 }, 'weight');

const written = source.pipe(
  write('latest', { tables: [latest], effects: (v, ctx) => [effect.upsert(latest, { patient: ctx.key, rate: v.rate })] }),
  map((v) => v),
);
expectType<Equal<typeof written, Flow<Vital>>>();
// @ts-expect-error effects are data, not promises
source.pipe(write('latest', { tables: [latest], effects: async () => [] }));
