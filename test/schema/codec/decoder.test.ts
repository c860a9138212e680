import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import avro from 'avsc';
import fc from 'fast-check';
import { AortaError } from '../../../src/errors/index.ts';
import { Decoder } from '../../../src/schema/codec/decoder.ts';
import { typeOf } from '../../../src/schema/codec/type.ts';
import { type CodecLimits, defaultLimits } from '../../../src/schema/codec/walk.ts';
import type { AvroSchema } from '../../../src/schema/port.ts';
import { schemaAndValues } from '../arbitrary.ts';

const record = (fields: Record<string, unknown>): AvroSchema => ({
  type: 'record',
  name: 'R',
  fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
});

function decoder(schema: AvroSchema, limits: Partial<CodecLimits> = {}): Decoder {
  const type = typeOf(schema);
  return new Decoder(type, type, 7, { ...defaultLimits, ...limits });
}

/** Refused with a coded Decode error whose message says this. */
const refuses = (schema: AvroSchema, bytes: readonly number[] | Buffer, message: RegExp, limits: Partial<CodecLimits> = {}) =>
  assert.throws(
    () => decoder(schema, limits).decode(Buffer.from(bytes)),
    (thrown) =>
      thrown instanceof AortaError && thrown.code === 'AORTA_SCHEMA_001' && thrown.class === 'Decode' && message.test(thrown.message),
    `should be refused: ${message}`,
  );

/** Zigzag varint of a BigInt. */
function varint(value: bigint): number[] {
  let n = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  const bytes: number[] = [];
  while (n >= 0x80n) {
    bytes.push(Number(n & 0x7fn) | 0x80);
    n >>= 7n;
  }
  return [...bytes, Number(n)];
}

const longs: AvroSchema = { type: 'array', items: 'long' };

describe('bounded decoder', () => {
  it('refuses at once the 4-byte bomb that blocks plain avsc', () => {
    const bomb = Buffer.from(varint(2_000_000n));
    assert.equal(bomb.length, 4);
    const plain = typeOf(longs);
    const ours = decoder(longs);
    // The fastest of several: on a busy machine any single one may have lost its processor.
    const timed = (work: () => void): number =>
      Math.min(
        ...Array.from({ length: 7 }, () => {
          const start = performance.now();
          assert.throws(work);
          return performance.now() - start;
        }),
      );
    const [control, bounded] = [timed(() => plain.fromBuffer(bomb)), timed(() => ours.decode(bomb))];
    assert.ok(control > 20 * bounded, `avsc ${control} ms, bounded ${bounded} ms`);
  });

  it('refuses block counts that the payload cannot hold', () => {
    refuses(longs, varint(1_000_000_000n), /block count beyond/);
    refuses(longs, [...varint(-1_000_000_000n), 0], /block count beyond/);
    refuses({ type: 'map', values: 'int' }, varint(5n), /block count beyond/);
    refuses({ type: 'array', items: 'double' }, [...varint(2n), ...Array(15).fill(0)], /block count beyond/);
  });

  it('refuses a block size that its items do not have, which avsc would skip by', () => {
    refuses(longs, [...varint(-1n), ...varint(2n), 2, 0], /block size/);
    refuses(longs, [...varint(-1n), ...varint(99n), 2, 0], /block size beyond/);
    assert.deepEqual(decoder(longs).decode(Buffer.from([...varint(-1n), ...varint(1n), 2, 0])), [1]);
  });

  it('caps items that take no bytes, and all values together', () => {
    refuses({ type: 'array', items: 'null' }, [...varint(1_025n), 0], /no size/);
    refuses({ type: 'array', items: { type: 'record', name: 'Empty', fields: [] } }, [...varint(1_000_000_000n), 0], /no size/);
    refuses({ type: 'array', items: ['null', 'long'] }, [...varint(500_000n), ...Array(500_001).fill(0)], /too many values/);
    const doubles = decoder({ type: 'array', items: 'double' });
    const mebibyte = typeOf({ type: 'array', items: 'double' }).toBuffer(Array(131_072).fill(1.5));
    assert.equal((doubles.decode(mebibyte) as number[]).length, 131_072);
  });

  it('caps the values of recursive records, which no block count announces', () => {
    const chain: AvroSchema = { type: 'record', name: 'N', fields: [{ name: 'next', type: ['null', 'N'] }] };
    refuses({ type: 'array', items: chain }, [...varint(20n), ...Array(20).fill([2, 2, 0]).flat(), 0], /too many values/, {
      unitsPerMiB: 100,
    });
  });

  it('caps the depth of recursive schemas', () => {
    const tree: AvroSchema = { type: 'record', name: 'T', fields: [{ name: 'c', type: { type: 'array', items: 'T' } }] };
    const nested = (depth: number): number[] => (depth === 0 ? [0] : [2, ...nested(depth - 1), 0]);
    refuses(tree, nested(200), /nested too deeply/);
    assert.ok(decoder(tree).decode(Buffer.from(nested(20))));
    refuses(
      { type: 'record', name: 'L', fields: [{ name: 'next', type: ['null', 'L'] }] },
      [...Array(100_000).fill(2), 0],
      /nested too deeply/,
    );
    // A record that must contain itself has no value at all.
    refuses({ type: 'record', name: 'X', fields: [{ name: 'x', type: 'X' }] }, [0, 0, 0], /nested too deeply/);
  });

  it('refuses lengths beyond the payload, and negative ones', () => {
    refuses('string', [...varint(10n), 65], /length beyond/);
    refuses('bytes', varint(-1n), /negative length/);
    refuses('bytes', varint(2n ** 62n), /length beyond/);
    refuses({ type: 'map', values: 'int' }, [...varint(1n), ...varint(100n), 0, 0], /length beyond/);
    refuses({ type: 'fixed', name: 'F', size: 4 }, [1, 2, 3], /truncated/);
  });

  it('refuses overlong numbers, ints beyond 32 bits, unknown symbols and branches, odd booleans', () => {
    refuses('long', Array(11).fill(0x80), /overlong/);
    refuses('long', [...Array(9).fill(0xff), 0x02], /overlong/);
    refuses('int', varint(2n ** 31n), /32 bits/);
    refuses({ type: 'enum', name: 'E', symbols: ['A'] }, [2], /symbol/);
    refuses({ type: 'enum', name: 'E', symbols: ['A'] }, [1], /symbol/);
    refuses(['null', 'int'], [4], /branch/);
    refuses(['null', 'int'], [1], /branch/);
    refuses('boolean', [2], /boolean/);
  });

  it('refuses truncated and trailing bytes, and names the field', () => {
    const schema = record({
      id: 'string',
      inner: { type: 'record', name: 'I', fields: [{ name: 'rows', type: { type: 'array', items: 'string' } }] },
    });
    refuses(schema, [2, 65, 2, 200, 1], /at inner\.rows\[\]/);
    refuses(schema, [2, 65, 0, 0], /trailing/);
    refuses(schema, [], /at id/);
  });

  it("refuses a map key '__proto__', which would replace the value's prototype", () => {
    const schema: AvroSchema = { type: 'map', values: { type: 'map', values: 'int' } };
    const hostile = Buffer.from([2, 18, ...Buffer.from('__proto__'), 2, 2, 120, 2, 0, 0]);
    const plain = typeOf(schema).fromBuffer(hostile) as Record<string, unknown>;
    assert.deepEqual(Object.keys(plain), [], 'the control: avsc lost the key');
    refuses(schema, hostile, /__proto__/);
  });

  it('refuses a long beyond 2^53 with a coded error, unless the reader drops the field', () => {
    const writer = record({ id: 'string', big: 'long' });
    const bytes = Buffer.from([2, 65, ...varint(2n ** 60n)]);
    refuses(writer, bytes, /beyond 2\^53/);
    const dropping = new Decoder(typeOf(writer), typeOf(record({ id: 'string' })), 7);
    assert.deepEqual({ ...(dropping.decode(bytes) as object) }, { id: 'A' });
    refuses('long', varint(2n ** 53n), /beyond 2\^53/);
  });

  it('reads and writes every safe long exactly, where plain avsc turns the sign round', () => {
    const control = Buffer.from(varint(-(2n ** 52n) - 1n));
    assert.equal(avro.Type.forSchema('long').fromBuffer(control), 2 ** 52, 'the control: avsc misreads');
    const edge = fc
      .constantFrom(0, 2 ** 31, 2 ** 52, 2 ** 53 - 1)
      .chain((base) => fc.integer({ min: -3, max: 3 }).map((delta) => base + delta));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.maxSafeInteger(),
          edge,
          edge.map((n) => 0 - n),
        ),
        (n) => {
          const bytes = Buffer.from(varint(BigInt(n)));
          if (!Number.isSafeInteger(n)) return assert.throws(() => typeOf('long').toBuffer(n));
          assert.equal(decoder('long').decode(bytes), n);
          assert.deepEqual(typeOf('long').toBuffer(n), bytes);
          assert.equal((decoder(record({ n: 'long' })).decode(bytes) as { n: number }).n, n);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('tells no value of the payload in its errors', () => {
    const schema = record({ name: 'string', colour: { type: 'enum', name: 'C', symbols: ['RED'] } });
    const canary = Buffer.from('MRNCANARY');
    for (const bytes of [
      Buffer.concat([Buffer.from([18]), canary, Buffer.from([9])]),
      Buffer.concat([Buffer.from([18]), canary, Buffer.from([0, 0])]),
    ])
      assert.throws(
        () => decoder(schema).decode(bytes),
        (thrown) => !JSON.stringify(thrown, Object.getOwnPropertyNames(thrown)).includes('CANARY') && (thrown as Error).cause === undefined,
      );
  });

  it('accepts everything that avsc writes, with the same result', () => {
    fc.assert(
      fc.property(schemaAndValues, ({ type, values }) => {
        const ours = new Decoder(type, type, 7);
        for (const value of values) {
          const bytes = type.toBuffer(value);
          assert.deepEqual(ours.decode(bytes), type.fromBuffer(bytes));
        }
      }),
      { numRuns: 400 },
    );
  });

  it('never crashes on random or mutated bytes; what it accepts, avsc accepts with the same result', () => {
    let accepted = 0;
    let refused = 0;
    const mutation = fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.constantFrom('set', 'insert', 'delete', 'cut') });
    fc.assert(
      fc.property(
        schemaAndValues,
        fc.array(mutation, { maxLength: 4 }),
        fc.uint8Array({ maxLength: 40 }),
        ({ type, values }, mutations, random) => {
          const ours = new Decoder(type, type, 7);
          const mutated = [...type.toBuffer(values[0])];
          for (const { at, byte, kind } of mutations) {
            const i = mutated.length === 0 ? 0 : at % mutated.length;
            if (kind === 'set') mutated[i] = byte;
            else if (kind === 'insert') mutated.splice(i, 0, byte);
            else if (kind === 'delete') mutated.splice(i, 1);
            else mutated.length = i;
          }
          for (const bytes of [Buffer.from(mutated), Buffer.from(random)]) {
            let value: unknown;
            try {
              value = ours.decode(bytes);
            } catch (thrown) {
              refused++;
              assert.ok(thrown instanceof AortaError && thrown.code === 'AORTA_SCHEMA_001', String(thrown));
              continue;
            }
            accepted++;
            assert.deepEqual(value, type.fromBuffer(bytes));
          }
        },
      ),
      { numRuns: 3_000 },
    );
    assert.ok(accepted > 100 && refused > 100, `accepted ${accepted}, refused ${refused}: the fuzz must see both`);
  });
});
