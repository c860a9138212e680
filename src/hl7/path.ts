import { error } from '../errors/index.ts';

/** A place in a message, all numbers from 1. */
export interface Path {
  readonly segment: string;
  readonly occurrence: number;
  readonly field: number;
  readonly repetition: number | undefined;
  readonly component: number | undefined;
  readonly subcomponent: number | undefined;
}

/** `PID-3`, `PID-3[2]`, `PID-3[2].4.2`, `OBX[3]-5.1`: segment[occurrence]-field[repetition].component.subcomponent. */
export type PathText = `${Uppercase<string>}-${number}${string}` | `${Uppercase<string>}[${number}]-${number}${string}`;

const pattern =
  /^([A-Z][A-Z0-9]{2})(?:\[([1-9]\d{0,5})\])?-([1-9]\d{0,3})(?:\[([1-9]\d{0,5})\])?(?:\.([1-9]\d{0,3})(?:\.([1-9]\d{0,3}))?)?$/;
const known = new Map<string, Path>();

/** Throws AORTA_HL7_021. Parsed paths are kept, as programs use few. */
export function parsePath(text: string): Path {
  const found = known.get(text);
  if (found) return found;
  const match = pattern.exec(text);
  if (!match) throw error('AORTA_HL7_021', { path: text.slice(0, 40) });
  const number = (group: string | undefined) => (group === undefined ? undefined : Number(group));
  const path: Path = {
    segment: match[1] ?? '',
    occurrence: number(match[2]) ?? 1,
    field: Number(match[3]),
    repetition: number(match[4]),
    component: number(match[5]),
    subcomponent: number(match[6]),
  };
  if (known.size < 4096) known.set(text, path);
  return path;
}
