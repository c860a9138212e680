import { error } from '../../errors/index.ts';

export type Parameter = string | number | null;

/** A literal, a quoted name, a comment, or a place. */
const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\?/g;

/**
 * Portable SQL with `?` places as PostgreSQL wants it. Numbers are typed, because PostgreSQL would take an untyped
 * `select ? + 1` for text; null is written out, because it cannot guess the type of a lone one.
 */
export function withPlaces(sql: string, params: readonly Parameter[]): { text: string; values: (string | number)[] } {
  const values: (string | number)[] = [];
  let next = 0;
  const text = sql.replace(token, (found) => {
    if (found !== '?') return found;
    const value = params[next++];
    if (value === undefined) throw error('AORTA_STATE_010', { problem: `it has more than ${params.length} places` });
    if (value === null) return 'null';
    values.push(value);
    if (typeof value === 'string') return `$${values.length}`;
    return `$${values.length}::${Number.isSafeInteger(value) ? 'int8' : 'float8'}`;
  });
  if (next !== params.length) throw error('AORTA_STATE_010', { problem: `it has ${next} places for ${params.length} parameters` });
  return { text, values };
}
