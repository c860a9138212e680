import pg from 'pg';
import { error } from '../errors/index.ts';

const bool = 16;
const int8 = 20;
const numeric = 1700;

/** A `bigint` is a number here; one that is not exact is refused rather than rounded. */
function exact(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw error('AORTA_STATE_010', { problem: 'an integer of the result is above 2^53' });
  return value;
}

/**
 * How columns of a result become values, the same as SQLite gives them: integers, sums and averages are numbers, a
 * comparison is 0 or 1, bytea is a Buffer.
 */
export const numberTypes = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === int8) return exact;
    if (oid === numeric) return (text: string) => (/^-?\d+$/.test(text) ? exact(text) : Number(text));
    if (oid === bool) return (text: string) => (text === 't' ? 1 : 0);
    return pg.types.getTypeParser(oid, format as 'text');
  },
};
