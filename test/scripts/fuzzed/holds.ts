/** For test/scripts/fuzz.test.ts: what it draws is said, so that two runs can be compared. */
import { test } from 'node:test';
import fc from 'fast-check';

test('a property that holds', (t) => {
  const drawn: number[] = [];
  const one = fc.property(fc.nat(), (n) => void drawn.push(n));
  fc.assert(one, { numRuns: 5 });
  t.diagnostic(`drawn ${[...drawn, ...fc.sample(fc.nat(), 5)].join(' ')}`);
});
