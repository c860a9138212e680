import { error } from '../errors/index.ts';

/** A parsed query string: a parameter given twice is a list. */
export type Query = Readonly<Record<string, string | string[] | undefined>>;

const invalid = (problem: string) => error('AORTA_EDGE_005', { problem });

/** A parameter that nobody reads would make an answer to another question: it is refused. */
export function known(query: Query, names: readonly string[]): void {
  const unknown = Object.keys(query).filter((name) => !names.includes(name));
  if (unknown.length > 0) throw invalid(`parameter ${unknown.join(', ').slice(0, 100)} is not supported`);
}

export function single(query: Query, name: string): string | undefined {
  const value = query[name];
  if (Array.isArray(value)) throw invalid(`${name} is given more than once`);
  if (value === '') throw invalid(`${name} is empty`);
  return value;
}

/** A whole number from 1 on; what is above `most` means `most`. */
export function count(query: Query, name: string, most: number): number | undefined {
  const text = single(query, name);
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) throw invalid(`${name} is a whole number from 1 on`);
  return Math.min(most, Number(text));
}
