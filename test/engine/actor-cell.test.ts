import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ActorCell } from '../../src/engine/actor-cell.ts';
import type { Actor } from '../../src/flow/actor.ts';

interface State {
  readonly visits: string[];
}

const actor = {
  version: 2,
  initial: () => ({ visits: [] }),
  migrate: (stored: unknown) => ({ visits: [(stored as { visit: string }).visit] }),
} as unknown as Actor<unknown, unknown, unknown>;
const cellOf = (snapshot: ConstructorParameters<typeof ActorCell>[3]) => new ActorCell(actor, 'ward', 'p1', snapshot);
const seal = (cell: ActorCell) => {
  cell.encode();
  return cell.seal();
};
const none = { text: null, version: 2 };

test('a state is the same after its patient was idle', () => {
  for (const length of [1, 10_000]) {
    const cell = cellOf(none);
    cell.value = { visits: ['a'.repeat(length)] };
    const { value } = seal(cell);
    const back = cellOf(cell.snapshot());
    assert.deepEqual(back.value, cell.value);
    assert.equal(back.dirty, false);
    assert.equal(value?.toString(), cell.snapshot().text);
  }
});

test('of an idle patient a small state is kept as text only, a large one also as what it says', () => {
  const cell = cellOf(none);
  cell.value = { visits: ['a'] };
  seal(cell);
  assert.deepEqual(cell.snapshot(), { text: '{"visits":["a"]}', version: 2 });
  const large = { visits: ['a'.repeat(5_000)] };
  cell.value = large;
  seal(cell);
  assert.equal(cellOf(cell.snapshot()).value, large);
});

test('a turn that fails after the patient was idle finds what the last one that ended left', () => {
  const cell = cellOf(none);
  cell.value = { visits: ['a'.repeat(5_000)] };
  seal(cell);
  const back = cellOf(cell.snapshot());
  (back.value as State).visits.push('of the turn that fails');
  back.restore();
  assert.equal((back.value as State).visits.length, 1);
});

test('a state that was removed is made anew, before and after its patient was idle', () => {
  const cell = cellOf({ text: '{"visits":["a"]}', version: 2 });
  cell.value = null;
  assert.equal(seal(cell).value, null);
  assert.deepEqual(cell.value, { visits: [] });
  assert.deepEqual(cellOf(cell.snapshot()).value, { visits: [] });
});

test('a state of an older version that was only read is migrated again when its patient is back', () => {
  const cell = cellOf({ text: '{"visit":"a"}', version: 1 });
  assert.deepEqual(cell.value, { visits: ['a'] });
  const kept = cell.snapshot();
  assert.equal(kept.version, 1);
  assert.deepEqual(cellOf(kept).value, { visits: ['a'] });
});

test('a state that is no JSON fails the turn and leaves what was stored, with its version', () => {
  const cell = cellOf({ text: '{"visit":"a"}', version: 1 });
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  cell.value = circular;
  assert.throws(() => seal(cell), TypeError);
  cell.restore();
  assert.deepEqual(cell.value, { visits: ['a'] });
});
