import { batch, type Flow, flow, itemFailed, map, to, topic } from 'aorta';
import { type Equal, expectType } from './expect.ts';

const results = topic<{ readonly code: string }>('results', 'bytes');
const sizes = topic<number>('sizes', 'int');
const source = flow('f').from(results);

// Items carry the value's type; each item goes on with its own result.
const sized = source.pipe(
  map((r) => r.code),
  batch(
    'measure',
    async (items, signal) => {
      expectType<Equal<typeof signal, AbortSignal>>();
      return items.map(({ value, key, eventId }) => {
        expectType<Equal<typeof value, string>>();
        expectType<Equal<typeof key, string>>();
        return value.length + eventId.length;
      });
    },
    { max: 10, within: 50 },
  ),
);
expectType<Equal<typeof sized, Flow<number>>>();

// A failed item is no value.
const some = source.pipe(
  batch('some', async (items) => items.map(({ value }) => (value.code === '' ? itemFailed(new Error('empty')) : value.code.length)), {
    max: 10,
    within: 50,
  }),
  to(sizes),
);
expectType<Equal<typeof some, Flow<never>>>();

source.pipe(
  // @ts-expect-error one result for each item: a list
  batch('one', async (items) => items.length, { max: 10, within: 50 }),
);
source.pipe(
  // @ts-expect-error both limits are required
  batch('limits', async (items) => items.map(() => 1), { max: 10 }),
);
