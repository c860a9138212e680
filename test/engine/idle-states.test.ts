import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdleStates } from '../../src/engine/idle-states.ts';

const plenty = () => 2 ** 20;
const one = (text: string | null, version = 1) => [{ text, version }];

test('a patient comes back with the states that he left, of each store', () => {
  const idle = new IdleStates(plenty);
  const left = [
    { text: '{"n":1}', version: 3 },
    { text: null, version: 1 },
    { text: '"Müller ⌀ 😀"', version: 2 },
  ];
  assert.equal(idle.set('Ж1', left), true);
  assert.deepEqual(idle.take('Ж1', 3), left);
});

test('who is taken is gone until he is set again', () => {
  const idle = new IdleStates(plenty);
  idle.set('a', one('1'));
  assert.deepEqual(idle.take('a', 1), one('1'));
  assert.equal(idle.take('a', 1), undefined);
  idle.set('a', one('2'));
  assert.deepEqual(idle.take('a', 1), one('2'));
});

test('a state that grew is the newer one, and one that grew too large is not kept at all', () => {
  const idle = new IdleStates(plenty);
  for (let size = 1; size <= 1024; size += 93) {
    assert.equal(idle.set('a', one('x'.repeat(size))), true);
    assert.equal(idle.take('a', 1)?.[0]?.text?.length, size);
  }
  assert.equal(idle.set('a', one('x'.repeat(1025))), false);
  assert.equal(idle.take('a', 1), undefined);
  // Five small ones together.
  assert.equal(idle.set('b', Array.from({ length: 5 }, () => one('x'.repeat(1000))).flat()), false);
  assert.equal(idle.set('c'.repeat(5000), one('1')), false);
});

test('patients who change in place take no more bytes', () => {
  const idle = new IdleStates(plenty);
  const round = (n: number) => {
    for (let i = 0; i < 500; i++) {
      idle.take(`p${i}`, 1);
      idle.set(`p${i}`, one(`{"count":${String(n).padStart(100, '0')}}`));
    }
  };
  round(0);
  const { bytes } = idle;
  for (let n = 1; n < 50; n++) round(n);
  assert.equal(idle.bytes, bytes);
  assert.equal(idle.size, 500);
});

test('there are never more bytes than the maximum, with those of the index, nor names of patients who went, nor a state of somebody else', () => {
  let most = 10 * 16 * 1024;
  const idle = new IdleStates(() => most);
  const model = new Map<string, string>();
  let random = 1;
  const below = (n: number) => {
    random = (random * 48_271) % 2_147_483_647;
    return random % n;
  };
  let found = 0;
  for (let i = 0; i < 60_000; i++) {
    if (i === 40_000) most = 3 * 16 * 1024;
    const key = `patient-${below(3_000)}`;
    const was = idle.take(key, 1);
    if (was) {
      found++;
      assert.equal(was[0]?.text, model.get(key));
    }
    // Some are taken and never come back.
    if (below(10) === 0) continue;
    const text = JSON.stringify({ i, filler: 'x'.repeat(below(300)) });
    model.set(key, text);
    idle.set(key, one(text));
    // The index of the block that is being filled is counted when it is full.
    if (i < 40_000 || i > 45_000) assert.ok(idle.bytes <= most + 16 * 1024, `${idle.bytes} at ${i}`);
    // An entry has 32 bytes at least.
    assert.ok(idle.size <= idle.bytes / 32);
  }
  assert.ok(found > 1_000);
  idle.clear();
  assert.equal(idle.size + idle.bytes, 0);
  assert.equal(idle.take('patient-1', 1), undefined);
});

test('a name that UTF-8 cannot say is not kept: it would not be found again when its place is given up', () => {
  const idle = new IdleStates(() => 0);
  assert.equal(idle.set('\ud800', one('1')), false);
  for (let i = 0; i < 2_000; i++) idle.set(`p${i}`, one('x'.repeat(100)));
  assert.equal(idle.bytes, 16 * 1024 + idle.size * 128);
  assert.ok(idle.size < 120, 'one block of them');
});

test('a version that has no place in four bytes is not kept, and is no other one', () => {
  const idle = new IdleStates(plenty);
  for (const version of [2 ** 31, 202_611_291_200, 1.5]) {
    idle.set('a', one('1'));
    idle.take('a', 1);
    assert.equal(idle.set('a', [...one('2'), ...one('2', version)]), false);
    assert.equal(idle.take('a', 2), undefined);
  }
  assert.equal(idle.set('a', one('1', 2 ** 31 - 1)), true);
  assert.deepEqual(idle.take('a', 1), one('1', 2 ** 31 - 1));
});
