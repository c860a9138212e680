import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AortaError } from '../../../src/errors/index.ts';
import { Encoder } from '../../../src/schema/codec/encoder.ts';
import { typeOf } from '../../../src/schema/codec/type.ts';

const header = Buffer.from([0, 0, 0, 0, 9]);
const type = typeOf({
  type: 'record',
  name: 'R',
  fields: [
    { name: 'text', type: 'string' },
    { name: 'body', type: 'bytes' },
    { name: 'at', type: 'long' },
  ],
});
const expected = (value: unknown): Buffer => Buffer.concat([header, type.toBuffer(value)]);

describe('encoder', () => {
  it('never writes again what it gave away, whatever sizes follow', () => {
    const size = fc.oneof({ weight: 8, arbitrary: fc.nat(3_000) }, fc.nat(20_000), fc.nat(200_000));
    const value = fc.record({
      text: fc.string({ unit: 'binary', maxLength: 80 }),
      body: size.map((n) => Buffer.alloc(n, n)),
      at: fc.maxSafeInteger(),
    });
    fc.assert(
      fc.property(fc.array(value, { minLength: 60, maxLength: 120, size: 'max' }), (values) => {
        const encoder = new Encoder(type, header, 's');
        const given = values.map((value) => encoder.encode(value));
        for (const [i, value] of values.entries()) assert.ok(given[i]?.equals(expected(value)), `payload ${i}`);
      }),
      { numRuns: 20 },
    );
  });

  it('goes on after a value that does not fit', () => {
    const encoder = new Encoder(type, header, 's');
    const value = { text: 'a', body: Buffer.from('b'), at: 1 };
    const before = encoder.encode(value);
    assert.throws(
      () => encoder.encode({ ...value, at: 'CANARY' }),
      (thrown) => thrown instanceof AortaError && thrown.code === 'AORTA_SCHEMA_008' && !thrown.message.includes('CANARY'),
    );
    const after = encoder.encode({ ...value, at: 2 });
    assert.deepEqual(before, expected(value));
    assert.deepEqual(after, expected({ ...value, at: 2 }));
  });

  it('keeps two payloads apart when a getter of one encodes the other', () => {
    const encoder = new Encoder(type, header, 's');
    const inside = { text: 'inside', body: Buffer.alloc(50, 1), at: 1 };
    let other: Buffer | undefined;
    const outside = {
      text: 'outside',
      get body() {
        other = encoder.encode(inside);
        return Buffer.alloc(60, 2);
      },
      at: 2,
    };
    const bytes = encoder.encode(outside);
    assert.deepEqual(other, expected(inside));
    assert.deepEqual(bytes, expected({ text: 'outside', body: Buffer.alloc(60, 2), at: 2 }));
  });

  it('asks for little again soon after a large payload', () => {
    const encoder = new Encoder(type, header, 's');
    const size = encoder.encode({ text: '', body: Buffer.alloc(493), at: 1 }).length;
    assert.notEqual(size % 8, 0, 'Node aligns what it copies');
    encoder.encode({ text: '', body: Buffer.alloc(1 << 20), at: 1 });
    const given = Array.from({ length: 100 }, () => encoder.encode({ text: '', body: Buffer.alloc(493), at: 1 }));
    const beside = given.filter(
      (bytes, i) => i > 0 && bytes.buffer === given[i - 1]?.buffer && bytes.byteOffset === given[i - 1]!.byteOffset + size,
    );
    assert.ok(beside.length > 90, `${beside.length} of 100 were written where they stay`);
  });
});
