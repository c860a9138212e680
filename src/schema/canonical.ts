import { error } from '../errors/index.ts';
import { type Type, typeOf } from './codec/type.ts';
import type { AvroSchema } from './port.ts';

/** JSON with sorted keys: two schemas are the same version when this is equal (docs and defaults count, order does not). */
export function canonical(schema: AvroSchema): string {
  return JSON.stringify(schema, (_key, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/** The avsc type of a schema that someone wants to register. Throws AORTA_SCHEMA_002. */
export function parsed(subject: string, schema: AvroSchema): Type {
  try {
    return typeOf(schema);
  } catch (cause) {
    throw error('AORTA_SCHEMA_002', { file: `of ${subject}`, problem: cause instanceof Error ? cause.message : String(cause) }, { cause });
  }
}
