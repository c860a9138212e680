/**
 * What the mapping reads: one HL7 v2 field as plain data, repetition → component → subcomponent, already decoded and
 * unescaped. Plain arrays, so that an actor can keep them in its state and map them again when the mapping changes.
 */
export type V2Field = readonly V2Repetition[];
export type V2Repetition = readonly (readonly string[])[];

/** Fields by name, such as `PID-5`. A field that the message left empty is absent. */
export type V2Facts = { readonly [field: string]: V2Field };

/** HL7 v2.5.1 2.5.3: two double quotes delete the stored value; an empty field leaves it as it is. */
export const deleteMark = '""';

export const isDelete = (field: V2Field): boolean => field.length === 1 && field[0]?.length === 1 && field[0][0]?.[0] === deleteMark;

/** Subcomponent `s` of component `c` (both from 1); undefined when empty or marked for deletion. */
export function part(repetition: V2Repetition | undefined, c: number, s = 1): string | undefined {
  const value = repetition?.[c - 1]?.[s - 1]?.trim();
  return value === undefined || value === '' || value === deleteMark ? undefined : value;
}

/** A component as a repetition of its own: its subcomponents take the place of components (HD, CWE inside another type). */
export const inside = (repetition: V2Repetition | undefined, c: number): V2Repetition => (repetition?.[c - 1] ?? []).map((text) => [text]);

/** First component of the first repetition. */
export const first = (facts: V2Facts, field: string): string | undefined => part(facts[field]?.[0], 1);

/** Where FHIR has a code only (datatypes/CWE[code]): the identifier, else the alternate one. */
export const codeIn = (facts: V2Facts, field: string): string | undefined => first(facts, field) ?? part(facts[field]?.[0], 4);

/** All repetitions of a field through one data-type mapping; what maps to nothing is left out. */
export function all<T>(facts: V2Facts, field: string, map: (repetition: V2Repetition) => T | undefined): T[] {
  return (facts[field] ?? []).map(map).filter((value) => value !== undefined);
}

/** The object without its undefined members and empty arrays: FHIR has neither. Undefined when nothing is left. */
export function compact<T extends object>(value: { readonly [K in keyof T]: T[K] | undefined }): T | undefined {
  let left: { [name: string]: unknown } | undefined;
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined || (Array.isArray(member) && member.length === 0)) continue;
    left ??= {};
    left[name] = member;
  }
  return left as T | undefined;
}
