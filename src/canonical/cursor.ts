import { error } from '../errors/index.ts';

/** Opaque to callers: a position as base64url JSON. */
export const encodeCursor = (position: readonly (string | number)[]): string => Buffer.from(JSON.stringify(position)).toString('base64url');

/** @throws AORTA_FHIR_001 when it is none of ours. */
export function decodeCursor<P extends readonly ('string' | 'number')[]>(
  cursor: string,
  shape: P,
): { [K in keyof P]: P[K] extends 'string' ? string : number } {
  let position: unknown;
  try {
    position = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    position = undefined;
  }
  const fits = Array.isArray(position) && position.length === shape.length && shape.every((type, i) => isOf(type, position[i]));
  if (!fits) throw error('AORTA_FHIR_001');
  return position as { [K in keyof P]: P[K] extends 'string' ? string : number };
}

/** What stands in ours: whole numbers, and text that every store takes (PostgreSQL has no NUL in text). */
const isOf = (type: 'string' | 'number', value: unknown): boolean =>
  type === 'number' ? Number.isSafeInteger(value) : typeof value === 'string' && !value.includes('\u0000');

/** Between 1 and 500; what is no number is the default. */
export function pageSize(limit: number | undefined, standard = 50): number {
  return limit === undefined || !Number.isFinite(limit) ? standard : Math.min(500, Math.max(1, Math.trunc(limit)));
}
