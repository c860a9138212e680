import { createHash } from 'node:crypto';
import type { AvroSchema } from '../schema/port.ts';

/** JSON with sorted keys and without `undefined`: the same text for the same content. Infinity (a retry without end) is kept as a string. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) return JSON.stringify(String(value));
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

// A corrected comment is no other schema; everything else in it (defaults, aliases, "phi") is.
function withoutDoc(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutDoc);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => !(key === 'doc' && typeof value === 'string'))
      .map(([key, value]) => [key, key === 'default' ? value : withoutDoc(value)]),
  );
}

/** SHA-256 of a schema without its comments; `null` for bytes that are forwarded as they are. */
export const schemaFingerprint = (schema: AvroSchema | null): string | null =>
  schema === null ? null : sha256(canonicalJson(withoutDoc(schema)));
