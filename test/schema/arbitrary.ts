import fc from 'fast-check';
import type { Type, types } from '../../src/schema/codec/type.ts';
import { typeOf } from '../../src/schema/codec/type.ts';
import type { AvroSchema } from '../../src/schema/port.ts';

type Json = { [key: string]: unknown };

/** A random Avro schema that avsc accepts: nested named types, unions (also ambiguous ones), recursion, logical types, docs. */
export const schemaArbitrary: fc.Arbitrary<AvroSchema> = fc
  .array(fc.nat(1_000), { minLength: 40, maxLength: 200 })
  .map((choices) => build(choices))
  .filter((schema) => {
    try {
      typeOf(schema);
      return true;
    } catch {
      return false;
    }
  });

const primitives = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const;
const logical: readonly Json[] = [
  { type: 'long', logicalType: 'timestamp-millis' },
  { type: 'int', logicalType: 'date' },
  { type: 'string', logicalType: 'uuid' },
  { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 },
];

/** A schema decided by a list of numbers, so that fast-check can shrink it. The root is always a record with a field. */
function build(choices: readonly number[]): AvroSchema {
  let at = 0;
  let names = 0;
  const next = (below: number): number => (choices[at++] ?? 0) % below;
  const defined: string[] = [];
  const name = (prefix: string) => `${prefix}${names++}`;
  const value = (depth: number): unknown => {
    const kind = at >= choices.length || depth > 4 ? next(8) : next(16);
    if (kind < 8) return primitives[kind];
    switch (kind) {
      case 8:
        return { type: 'array', items: value(depth + 1) };
      case 9:
        return { type: 'map', values: value(depth + 1) };
      case 10:
        return { type: 'enum', name: name('E'), symbols: ['RED', 'GREEN', 'BLUE'].slice(0, 1 + next(3)), doc: 'A colour. */ not the end' };
      case 11:
        return { type: 'fixed', name: name('F'), size: 1 + next(8) };
      case 12:
        return record(depth + 1);
      case 13:
        return logical[next(logical.length)];
      case 14:
        return defined.length > 0 && next(2) === 0 ? ['null', defined[next(defined.length)]] : ['null', value(depth + 1)];
      default:
        return [value(depth + 1), value(depth + 1), 'null'];
    }
  };
  const record = (depth: number): unknown => {
    const own = name('R');
    defined.push(own);
    const fields = Array.from({ length: 1 + next(5) }, (_, i) => ({
      name: `f${i}`,
      type: value(depth),
      doc: 'Says "hello"\n and more.',
      phi: i % 2 === 0,
    }));
    return { type: 'record', name: own, namespace: 'test.things', doc: 'A thing.', fields };
  };
  return record(0) as AvroSchema;
}

/** A random value that avsc accepts for `type`. */
export function valueArbitrary(type: Type, depth = 0): fc.Arbitrary<unknown> {
  const length = depth > 3 ? 0 : 3;
  switch (type.typeName) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'int':
      return fc.integer();
    case 'long':
      return fc.maxSafeInteger();
    case 'float':
      return fc.float({ noNaN: true });
    case 'double':
      return fc.double({ noNaN: true });
    case 'string':
      return fc.string({ unit: 'grapheme' });
    case 'bytes':
      return fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes));
    case 'fixed':
      return fc
        .uint8Array({ minLength: (type as unknown as { size: number }).size, maxLength: (type as unknown as { size: number }).size })
        .map((bytes) => Buffer.from(bytes));
    case 'enum':
      return fc.constantFrom(...(type as unknown as { symbols: readonly string[] }).symbols);
    case 'array':
      return fc.array(
        fc.constant(null).chain(() => valueArbitrary((type as types.ArrayType).itemsType, depth + 1)),
        { maxLength: length },
      );
    case 'map':
      return fc.dictionary(
        fc.string().filter((key) => key !== '__proto__'),
        fc.constant(null).chain(() => valueArbitrary((type as types.MapType).valuesType, depth + 1)),
        { maxKeys: length, noNullPrototype: true },
      );
    case 'record': {
      const fields = (type as types.RecordType).fields.map(
        (field) => [field.name, fc.constant(null).chain(() => valueArbitrary(field.type, depth + 1))] as const,
      );
      return fc.record(Object.fromEntries(fields), { noNullPrototype: true });
    }
    default: {
      const branches = (type as types.UnwrappedUnionType).types;
      const wrapped = type.typeName === 'union:wrapped';
      const nullable = branches.filter((branch) => branch.typeName === 'null');
      return fc
        .constantFrom(...(depth > 4 && nullable.length > 0 ? nullable : branches))
        .chain((branch) =>
          valueArbitrary(branch, depth + 1).map((value) =>
            wrapped && branch.typeName !== 'null' ? { [branch.branchName as string]: value } : value,
          ),
        );
    }
  }
}

/** A random schema with random valid values of it. */
export const schemaAndValues: fc.Arbitrary<{ schema: AvroSchema; type: Type; values: unknown[] }> = schemaArbitrary.chain((schema) => {
  const type = typeOf(schema);
  return fc.array(valueArbitrary(type), { minLength: 1, maxLength: 3 }).map((values) => ({ schema, type, values }));
});
