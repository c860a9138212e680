import type { Delimiters } from '../delimiters.ts';
import { type Path, parsePath } from '../path.ts';

/** A place that a rule names. */
export interface Place extends Path {
  /** The path gave the segment's number: `OBX[2]-5`. */
  readonly numbered: boolean;
}

/** Throws AORTA_HL7_021. */
export const placeAt = (text: string): Place => ({ ...parsePath(text), numbered: text.indexOf('[') === 3 });

/** 0: a field, 1: a repetition, 2: a component, 3: a subcomponent. A component of no repetition is one of the first. */
export const depthOf = ({ repetition, component, subcomponent }: Path): number =>
  subcomponent !== undefined ? 3 : component !== undefined ? 2 : repetition !== undefined ? 1 : 0;

/** Whether one lies in the other, or may. */
export function overlap(a: Place, b: Place): boolean {
  if (a.segment !== b.segment || a.field !== b.field) return false;
  if (a.numbered && b.numbered && a.occurrence !== b.occurrence) return false;
  if (depthOf(a) === 0 || depthOf(b) === 0) return true;
  if ((a.repetition ?? 1) !== (b.repetition ?? 1)) return false;
  const meets = (x: number | undefined, y: number | undefined) => x === undefined || y === undefined || x === y;
  return (
    meets(a.component, b.component) && (a.component === undefined || b.component === undefined || meets(a.subcomponent, b.subcomponent))
  );
}

/** Whether the message's delimiters can tell this place from its neighbours: without it nothing can be written there. */
export function isWritable({ repetition, component, subcomponent }: Path, d: Delimiters): boolean {
  if ((repetition ?? 1) > 1 && d.repetition === 0) return false;
  if ((component ?? 1) > 1 && d.component === 0) return false;
  return (subcomponent ?? 1) <= 1 || d.subcomponent !== 0;
}
