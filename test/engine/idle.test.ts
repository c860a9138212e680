import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Idle } from '../../src/engine/idle.ts';

test('what became idle last is kept, and never more than the maximum', () => {
  const idle = new Idle<number>(100);
  for (let i = 0; i < 1_000; i++) {
    idle.set(String(i), i);
    assert.ok(idle.size <= 100);
  }
  assert.ok(idle.size >= 50);
  for (let i = 999; i > 950; i--) assert.equal(idle.take(String(i)), i);
  assert.equal(idle.take('0'), undefined);
});

test('what is taken is gone', () => {
  const idle = new Idle<number>(10);
  idle.set('a', 1);
  assert.equal(idle.take('a'), 1);
  assert.equal(idle.take('a'), undefined);
  assert.equal(idle.size, 0);
});

test('a patient who became idle again has one entry, the newer one', () => {
  const idle = new Idle<number>(4);
  idle.set('a', 1);
  idle.set('b', 1);
  // Both are of the older half by now.
  idle.set('a', 2);
  assert.equal(idle.size, 2);
  assert.equal(idle.take('a'), 2);
  assert.equal(idle.take('a'), undefined);
});

test('a maximum below two keeps one entry at most', () => {
  const idle = new Idle<number>(0);
  idle.set('a', 1);
  idle.set('b', 2);
  assert.ok(idle.size <= 1);
});

test('a cleared one is empty', () => {
  const idle = new Idle<number>(2);
  for (const key of ['a', 'b', 'c']) idle.set(key, 1);
  idle.clear();
  assert.equal(idle.size, 0);
  assert.equal(idle.take('c'), undefined);
});
