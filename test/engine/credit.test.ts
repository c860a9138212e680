import assert from 'node:assert/strict';
import { test } from 'node:test';
import { creditOf, defaultOptions, idleBytesOf } from '../../src/engine/index.ts';

test('what the flows of a worker may hold does not grow with their number', () => {
  const all = (flows: number): number => flows * creditOf(flows);
  assert.equal(creditOf(1), defaultOptions.maxBytes);
  assert.equal(creditOf(0), defaultOptions.maxBytes);
  for (const flows of [4, 5, 30, 100, 1_000]) assert.ok(all(flows) <= all(4), `${flows} flows`);
  for (const flows of [5, 30, 100]) assert.ok(all(flows) > all(4) - flows, `${flows} flows use what there is`);
});

test('what is kept of idle patients does not grow with the number of flows', () => {
  const all = (flows: number): number => flows * idleBytesOf(flows);
  assert.equal(idleBytesOf(1), defaultOptions.maxIdleBytes);
  for (const flows of [2, 3, 30, 1_000]) assert.ok(all(flows) <= all(2), `${flows} flows`);
});
