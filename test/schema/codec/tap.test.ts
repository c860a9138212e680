import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AortaError } from '../../../src/errors/index.ts';
import { Decoder } from '../../../src/schema/codec/decoder.ts';
import { planOf } from '../../../src/schema/codec/plan.ts';
import { Tap } from '../../../src/schema/codec/tap.ts';
import { type Type, typeOf } from '../../../src/schema/codec/type.ts';
import { defaultLimits, Walk } from '../../../src/schema/codec/walk.ts';
import { valueArbitrary } from '../arbitrary.ts';

const { Tap: Plain } = createRequire(import.meta.url)('avsc/lib/utils.js') as { Tap: new (buf: Buffer, pos: number) => Tap };

/** Any UTF-16: mostly ASCII, with NUL, surrogates of both halves and what takes two and three bytes. */
const text = fc
  .array(
    fc.oneof({ weight: 12, arbitrary: fc.nat(0x7f) }, fc.constantFrom(0, 0x80, 0x7ff, 0x800, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xffff)),
    {
      maxLength: 120,
      size: 'max',
    },
  )
  .map((units) => String.fromCharCode(...units));
const ascii = fc.nat(120).map((length) => 'x'.repeat(length));

describe('tap', () => {
  it('writes any text as plain avsc does, into any room', () => {
    fc.assert(
      fc.property(fc.oneof(text, ascii), fc.nat(3), fc.integer({ min: -3, max: 3 }), (value, start, spare) => {
        const size = start + new Plain(Buffer.alloc(0), 0).pos + Buffer.byteLength(value) + (Buffer.byteLength(value) < 64 ? 1 : 2);
        const taps = [Plain, Tap].map((Kind) => new Kind(Buffer.alloc(Math.max(start, size + spare)), start));
        for (const tap of taps) tap.writeString(value);
        const [plain, ours] = taps as [Tap, Tap];
        assert.equal(ours.pos, plain.pos);
        assert.equal(ours.pos, size);
        if (size <= ours.buf.length) assert.deepEqual(ours.buf, plain.buf);
      }),
      { numRuns: 3_000 },
    );
  });

  it('reads any bytes as a text as plain avsc does, also those that are not UTF-8', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 90 }),
      fc.array(fc.nat(0x7f), { maxLength: 90 }),
      text.map((value) => Buffer.from(value)),
      fc
        .tuple(fc.nat(45), fc.nat(45), fc.integer({ min: 0x80, max: 0xff }))
        .map(([before, after, byte]) => [...Array<number>(before).fill(65), byte, ...Array<number>(after).fill(66)]),
    );
    fc.assert(
      fc.property(bytes, fc.nat(3), (content, after) => {
        const tap = new Tap(Buffer.alloc(content.length + 8), 0);
        tap.writeLong(content.length);
        tap.writeFixed(Buffer.from(content));
        const [plain, ours] = [Plain, Tap].map((Kind) => new Kind(tap.buf.subarray(0, tap.pos + after), 0)) as [Tap, Tap];
        assert.equal(ours.readString(), plain.readString());
        assert.equal(ours.pos, plain.pos);
      }),
      { numRuns: 3_000 },
    );
  });

  it('reads and writes numbers as plain avsc does where that is exact', () => {
    const power = fc.tuple(fc.integer({ min: 0, max: 51 }), fc.integer({ min: -2, max: 2 }), fc.boolean());
    fc.assert(
      fc.property(power, ([exponent, delta, negative]) => {
        const value = (negative ? -1 : 1) * (2 ** exponent + delta) + 0;
        const [plain, ours] = [Plain, Tap].map((Kind) => new Kind(Buffer.alloc(10), 0)) as [Tap, Tap];
        plain.writeLong(value);
        ours.writeLong(value);
        assert.deepEqual([ours.pos, ours.buf], [plain.pos, plain.buf]);
        ours.pos = 0;
        assert.equal(ours.readLong(), value);
        assert.equal(ours.pos, plain.pos);
      }),
      { numRuns: 1_000 },
    );
  });

  it('reads without a walk exactly what the walk accepts', () => {
    const inner = { type: 'record', name: 'Inner', fields: [{ name: 'id', type: 'string' }] };
    const types = ['boolean', 'int', 'long', 'float', 'double', 'string', 'bytes', 'null'] as const;
    const named = [
      { type: 'enum', name: 'E', symbols: ['A', 'B', 'C'] },
      { type: 'fixed', name: 'F', size: 3 },
      inner,
      ['null', 'string'],
      ['int', 'bytes', 'null'],
    ];
    const schemas = [...types, ...named];
    const whole = { type: 'record', name: 'R', fields: schemas.map((type, i) => ({ name: `f${i}`, type })) };
    const all: Type[] = [...schemas, whole].map((schema) => typeOf(schema as never));
    const edits = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.constantFrom('set', 'insert', 'delete', 'cut') }), {
      maxLength: 2,
    });
    const input = fc
      .constantFrom(...all)
      .chain((type) => fc.tuple(fc.constant(type), valueArbitrary(type), edits, fc.uint8Array({ maxLength: 12 })));
    const seen = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(input, ([type, value, mutations, random]) => {
        const bytes = [...type.toBuffer(value)];
        for (const { at, byte, kind } of mutations) {
          const i = bytes.length === 0 ? 0 : at % bytes.length;
          if (kind === 'set') bytes[i] = byte;
          else if (kind === 'insert') bytes.splice(i, 0, byte);
          else if (kind === 'delete') bytes.splice(i, 1);
          else bytes.length = i;
        }
        for (const payload of [Buffer.from(bytes), Buffer.from(random)]) {
          const walk = new Walk();
          const sound = walk.run(planOf(type), payload, 0) && !walk.unsafeLong;
          const decoder = new Decoder(type, type, 7);
          if (sound) {
            seen.accepted++;
            assert.deepEqual(decoder.decode(payload), type.fromBuffer(payload));
          } else {
            seen.refused++;
            const said = walk.problem === '' ? 'beyond 2^53' : walk.problem;
            assert.throws(
              () => decoder.decode(payload),
              (thrown) => thrown instanceof AortaError && thrown.code === 'AORTA_SCHEMA_001' && thrown.message.includes(said),
            );
          }
        }
      }),
      { numRuns: 4_000 },
    );
    assert.ok(seen.accepted > 500 && seen.refused > 500, JSON.stringify(seen));
  });

  it('keeps to the limit of depth without a walk', () => {
    const nested = (depth: number): unknown =>
      depth === 0 ? 'int' : { type: 'record', name: `R${depth}`, fields: [{ name: 'in', type: nested(depth - 1) }] };
    const type = typeOf(nested(5) as never);
    assert.ok(new Decoder(type, type, 7, { ...defaultLimits, depth: 5 }).decode(Buffer.from([2])));
    assert.throws(() => new Decoder(type, type, 7, { ...defaultLimits, depth: 4 }).decode(Buffer.from([2])), /nested too deeply/);
  });

  it('gives values that do not change with the payload', () => {
    const type = typeOf({
      type: 'record',
      name: 'R',
      fields: [
        { name: 'text', type: 'string' },
        { name: 'bytes', type: 'bytes' },
        { name: 'fixed', type: { type: 'fixed', name: 'F', size: 2 } },
      ],
    });
    const value = { text: 'short', bytes: Buffer.from('body'), fixed: Buffer.from('ab') };
    const payload = type.toBuffer(value);
    const read = new Decoder(type, type, 7).decode(payload);
    payload.fill(0);
    assert.deepEqual({ ...(read as object) }, value);
  });
});
