import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array } from '../../src/postgres/array.ts';

test('bytes in parts are one element, the same as if they were copied together first', () => {
  const parts = [Buffer.from('one'), Buffer.alloc(0), Buffer.from([0, 255])];
  const whole = Buffer.concat(parts);
  assert.deepEqual(array('bytea', [parts, null, whole, []]), array('bytea', [whole, null, parts, Buffer.alloc(0)]));
});
