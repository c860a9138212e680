import type { Identifier } from '../r4.ts';
import { v2System } from './concept.ts';
import type { MappingContext } from './context.ts';
import { compact, part, type V2Repetition } from './field.ts';
import { systemOf } from './identifier.ts';

/** Types of table 0203 that the map assigns to order and specimen numbers. */
export type EntityType = 'PLAC' | 'FILL' | 'PGN' | 'FGN' | 'ACSN' | 'SHIP';

/**
 * EI → Identifier (datatypes/EI[Identifier-Extension]). The authority goes to `system`: the map's "extension??" has no
 * name yet, and a number without its authority is not unique.
 */
export function entity(ei: V2Repetition | undefined, ctx: MappingContext, type?: EntityType): Identifier | undefined {
  const value = part(ei, 1);
  if (ei === undefined || value === undefined) return undefined;
  return compact<Identifier>({
    type: type && { coding: [{ system: v2System('0203'), code: type }] },
    system: authorityOf(ei, ctx),
    value,
    assigner: part(ei, 2) ? { display: part(ei, 2) as string } : undefined,
  });
}

export const authorityOf = (ei: V2Repetition, ctx: MappingContext): string | undefined =>
  systemOf(
    [2, 3, 4].map((n) => [part(ei, n) ?? '']),
    ctx.systems,
  );

/** EIP: each of its components is an EI, in subcomponents. Placer first, then filler (EIP[Identifier-…]). */
export function entityPair(eip: V2Repetition | undefined, ctx: MappingContext): Identifier[] {
  const inner = (c: number): V2Repetition => (eip?.[c - 1] ?? []).map((text) => [text]);
  return [entity(inner(1), ctx, 'PGN'), entity(inner(2), ctx, 'FGN')].filter((each) => each !== undefined);
}
