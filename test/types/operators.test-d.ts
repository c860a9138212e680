import {
  type CallContext,
  type Context,
  call,
  dedupe,
  defineTarget,
  enrich,
  type Flow,
  filter,
  filterMap,
  flatMap,
  flow,
  map,
  mapAsync,
  type Operator,
  pipe,
  rx,
  skip,
  tap,
  tee,
  to,
  topic,
} from 'aorta';
import { mergeMap, filter as rxFilter, map as rxMap, pipe as rxPipe } from 'rxjs';
import { type Equal, expectType } from './expect.ts';

interface Vital {
  readonly code: 'pulse' | 'note';
  readonly rate: number | null;
}
const vitals = topic<Vital>('vitals', 'bytes');
const rates = topic<number>('rates', 'int');
const words = topic<string>('words', 'string');
const source = flow('f').from(vitals);

expectType<Equal<typeof source, Flow<Vital>>>();

// Inference in lambdas, from left to right, with the context.
const mapped = source.pipe(
  tap((v, ctx) => {
    expectType<Equal<typeof v, Vital>>();
    expectType<Equal<typeof ctx, Context>>();
  }),
  map((v) => v.rate),
  filter('measured', (rate) => rate !== null),
  map((rate) => rate.toFixed(1)),
  flatMap((text) => [text.length]),
  mapAsync('later', async (n) => ({ n })),
);
expectType<Equal<typeof mapped, Flow<{ n: number }>>>();

// A guard narrows; a predicate does not.
const isNumber = (rate: number | null): rate is number => rate !== null;
const narrowed = source.pipe(
  map((v) => v.rate),
  filter('measured', isNumber),
);
expectType<Equal<typeof narrowed, Flow<number>>>();
const same = source.pipe(
  map((v) => v.rate),
  filter('any', (rate): boolean => rate !== 1),
);
expectType<Equal<typeof same, Flow<number | null>>>();

// filterMap: skips are no values.
const kept = source.pipe(filterMap('final', (v) => v.rate ?? skip('no-rate')));
expectType<Equal<typeof kept, Flow<number>>>();

// `to` refuses a value that differs from the topic's, in one step and behind others; nothing leaves a sink.
const sunk = source.pipe(
  map((v) => v.rate ?? 0),
  to(rates),
);
expectType<Equal<typeof sunk, Flow<never>>>();
source.pipe(
  // @ts-expect-error a number is no string
  map((v) => v.rate ?? 0),
  to(words),
);
source.pipe(
  // @ts-expect-error null is no number
  map((v) => v.rate),
  to(rates),
);
// @ts-expect-error the source's value is no number
source.pipe(to(rates));
source.pipe(
  // @ts-expect-error a named sink checks as well
  map((v) => v.code),
  to('again', rates),
);
source.pipe(
  map((v) => v.code),
  to(words),
);

// What follows a sink has no value to read.
// @ts-expect-error never has no rate
sunk.pipe(map((v) => v.rate));

// Operators that fit together only in another order do not compile.
source.pipe(
  map((v) => v.code),
  // @ts-expect-error a string has no rate
  map((code) => code.rate),
);

// mapAsync wants a promise, flatMap an array.
// @ts-expect-error not a promise
source.pipe(mapAsync('now', (v) => v.rate));
source.pipe(
  // @ts-expect-error a generator could be endless
  flatMap(function* (v: Vital) {
    yield v;
  }),
);
// @ts-expect-error a promise is no boolean: it would always pass
source.pipe(filter('async', async () => true));

// Names where they are mandatory.
// @ts-expect-error a filter without a name is a skip without a reason
source.pipe(filter((v: Vital) => v.rate !== null));
// @ts-expect-error external: a name is mandatory
source.pipe(mapAsync(async (v: Vital) => v.rate));

// tee: every branch sees the value; nothing follows.
const teed = source.pipe(
  tee({
    rates: pipe(
      map((v) => v.rate ?? 0),
      to(rates),
    ),
    words: pipe(
      tap((v) => expectType<Equal<typeof v, Vital>>()),
      map((v) => v.code),
      to(words),
    ),
  }),
);
expectType<Equal<typeof teed, Flow<never>>>();
// @ts-expect-error a vital is no string
source.pipe(tee({ words: to(words) }));

// rx: stock operators, also nested in RxJS' own pipe; the value is inferred.
const lifted = source.pipe(
  rx(rxMap((v) => v.rate)),
  rx(
    'values',
    rxPipe(
      rxFilter((rate) => rate !== null),
      mergeMap((rate) => [rate, String(rate)]),
    ),
  ),
);
expectType<Equal<typeof lifted, Flow<string | number>>>();

// Free pipe: an operator of its own, also outside a flow.
const free = pipe(
  map((v: Vital) => v.rate ?? 0),
  map((rate) => String(rate)),
);
expectType<Equal<typeof free, Operator<Vital, string>>>();
source.pipe(free, to(words));
// @ts-expect-error it takes vitals
flow('g').from(rates).pipe(free);

// 24 operators in one pipe, still inferred, then another pipe.
const inc = map((n: number) => n + 1);
const one = flow('long').from(rates);
const long = one.pipe(
  map((n) => n + 1),
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  map((n) => ({ last: n })),
);
expectType<Equal<typeof long, Flow<{ last: number }>>>();
const longer = long.pipe(
  map(({ last }) => String(last)),
  to(words),
);
expectType<Equal<typeof longer, Flow<never>>>();
const freely = pipe(
  map((n: number) => n + 1),
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  inc,
  map((n) => ({ last: n })),
);
expectType<Equal<typeof freely, Operator<number, { last: number }>>>();
// @ts-expect-error 25 do not fit: chain a second pipe
one.pipe(inc, inc, inc, inc, inc, inc, inc, inc, inc, inc, inc, inc, inc, inc, inc, inc, inc, inc, inc, inc, inc, inc, inc, inc, inc);

// Calls and look-ups: inference from left to right too; a fallback and a key see the value.
const ehr = defineTarget('ehr', { limiter: { requests: 10 }, onOpen: 'fallback' });
const outside = source.pipe(
  dedupe('once', (v) => v.code),
  enrich('named', {
    by: (v) => v.code,
    lookup: async (code) => {
      expectType<Equal<typeof code, string>>();
      return { name: code };
    },
    into: (v, found) => {
      expectType<Equal<typeof found, { name: string } | undefined>>();
      return { ...v, name: found?.name ?? v.code };
    },
  }),
  call(
    'ask',
    ehr,
    async (v, ctx) => {
      expectType<Equal<typeof ctx, CallContext>>();
      return v.name.length;
    },
    { key: (v) => v.name, fallback: (v) => v.name.length },
  ),
);
expectType<Equal<typeof outside, Flow<number>>>();
// @ts-expect-error a fallback gives what the call gives
call('ask', ehr, async (v: Vital) => v.rate, { fallback: () => 'none' });
// @ts-expect-error a quota needs its number
defineTarget('lis', { limiter: { perMs: 1_000 } });
