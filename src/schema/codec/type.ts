import avro, { type Type } from 'avsc';
import type { AvroSchema } from '../port.ts';
import { exactLong } from './long.ts';

export type { Type, types } from 'avsc';

/** The avsc type of a schema, always built with the same options: resolvers only work between such types. */
export function typeOf(schema: AvroSchema): Type {
  // Without record methods a decoded record is plain data: nothing of avsc's can collide with a field name.
  return avro.Type.forSchema(schema as never, {
    omitRecordMethods: true,
    typeHook: (found) => (isLong(found) ? exactLong : undefined),
  });
}

const isLong = (schema: unknown): boolean =>
  schema === 'long' || (typeof schema === 'object' && schema !== null && (schema as { type?: unknown }).type === 'long');

/** SHA-256 of the schema's Parsing Canonical Form, hex. Defaults and docs are not part of it. */
export const fingerprintOf = (type: Type): string => type.fingerprint('sha256').toString('hex');
