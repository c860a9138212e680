import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LastStates } from '../../src/state/last-states.ts';

const source = { eventId: 'e', flowHash: 'h', version: '1' };
const write = (store: string, key: string, version = 1) => ({ store, key, value: null, version, source });
const idsOf = (writes: readonly ReturnType<typeof write>[]) => writes.map(({ store, key, version }) => `${store}/${key}/${version}`);

test('the last write of each row stands; the same key of another store is another row', () => {
  const states = new LastStates();
  for (const each of [write('b', 'p1', 1), write('a', 'p1', 2), write('b', 'p1', 3), write('b', 'p0', 4)]) states.add(each);
  assert.deepEqual(idsOf(states.all() as never).sort(), ['a/p1/2', 'b/p0/4', 'b/p1/3']);
});

test('rows are sorted as their ids joined with the null character, as earlier versions lock them', () => {
  const states = new LastStates();
  const rows = ['b', 'a', 'ab', 'a '].flatMap((store) => ['z', 'a', 'Z', 'é', 'aa'].map((key) => write(store, key)));
  for (const each of rows) states.add(each);
  const joined = rows.map(({ store, key }) => `${store}\u0000${key}`).sort();
  assert.deepEqual(
    states.sorted().map(({ store, key }) => `${store}\u0000${key}`),
    joined,
  );
});
