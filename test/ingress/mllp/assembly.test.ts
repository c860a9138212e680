import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Assembly } from '../../../src/ingress/mllp/assembly.ts';

describe('Assembly', () => {
  it('gives back what was appended, at any sizes, again and again', () => {
    const sizes = fc.array(
      fc.oneof({ weight: 8, arbitrary: fc.nat(300) }, { weight: 2, arbitrary: fc.nat(70_000) }, { weight: 1, arbitrary: fc.nat(900_000) }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(fc.array(sizes, { minLength: 1, maxLength: 3 }), fc.constantFrom(100, 2_000_000, 30_000_000), (frames, capacity) => {
        const assembly = new Assembly(capacity);
        for (const frame of frames) {
          const pieces = frame.map((size, n) => Buffer.alloc(size, String.fromCharCode(65 + (n % 26))));
          for (const piece of pieces) assembly.append(piece);
          const whole = Buffer.concat(pieces);
          assert.equal(assembly.size, whole.length);
          assert.ok(assembly.take().equals(whole));
          assert.equal(assembly.size, 0);
        }
      }),
      { numRuns: 60 },
    );
  });
});
