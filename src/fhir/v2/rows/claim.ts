import type { Row } from './tables.ts';

/** Fields of a message, by name: `PID-5` → its text as the message has it. `MSH-9` is the event. */
export type Given = Readonly<Record<string, string>>;

/**
 * What the mapping does with a row of a table. A row that is done names the file that does it and a message that shows it:
 * with `given` in the message, `path` has `is` among its values; without the row's own field it has not.
 */
export type Claim = Done | Not | ByMap;
export interface Not {
  readonly not: string;
}
/** A message's row: done by the rows of a segment's map. */
export interface ByMap {
  readonly map: string;
}
export interface Done {
  readonly by: string;
  readonly given: Given;
  /** `Patient.name.family`; `resolve()` follows a reference; `[x]` keeps the elements whose url ends with x, or whose resourceType is x. */
  readonly path: string;
  readonly is: string | number | boolean;
  /** The message without it, where blanking the row's field (or component of the first field given) does not say it. */
  readonly without?: Given;
}

/** The claims about one table. `otherwise`: why none of the rows that are not named is done. */
export interface TableClaims {
  readonly table: string;
  readonly rows: Readonly<Record<string, Claim>>;
  readonly otherwise?: string;
}

export const done = (by: string, given: Given, path: string, is: Done['is'], without?: Given): Done => ({
  by,
  given,
  path,
  is,
  ...(without ? { without } : {}),
});
export const not = (reason: string): Not => ({ not: reason });

/** The field of a key: `PID-5 name[1]` → `PID-5`. */
export const fieldOf = (key: Row[0]): string => key.split(' ')[0] ?? key;
