import { type Place, placeAt } from './place.ts';

export type Problems = readonly string[];

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const shown = (value: unknown): string =>
  typeof value === 'string' ? `"${value.slice(0, 80)}"` : Array.isArray(value) ? 'a list' : String(value);

/** Keys that do not belong there. */
export const strange = (value: Readonly<Record<string, unknown>>, known: readonly string[], at: string): string[] =>
  Object.keys(value)
    .filter((key) => !known.includes(key))
    .map((key) => `${at}.${key} is not known (known: ${known.join(', ')})`);

/** The place of a path; undefined when it is none. */
export function path(text: unknown): Place | undefined {
  try {
    return typeof text === 'string' ? placeAt(text) : undefined;
  } catch {
    return undefined;
  }
}
