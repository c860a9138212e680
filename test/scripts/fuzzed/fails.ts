/** For test/scripts/fuzz.test.ts: fails whatever the seed, and says which it was. */
import { test } from 'node:test';
import fc from 'fast-check';

test('a property that does not hold', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 1e9 }), (n) => n < 10));
});
