import type { Identifier, Reference } from '../r4.ts';
import type { MappingContext } from './context.ts';
import { compact, inside, part, type V2Repetition } from './field.ts';
import { checkDigit, systemOf, typeOf } from './identifier.ts';

/**
 * XCN → a logical reference to a Practitioner: identifier and display (datatypes/XCN[Practitioner]). No Practitioner
 * row is written: it would be shared by patients, and the provider directory (UC-INT-006) owns it.
 */
export function practitioner(xcn: V2Repetition, ctx: MappingContext): Reference | undefined {
  const value = part(xcn, 1);
  const display = [part(xcn, 6), part(xcn, 3), part(xcn, 4), part(inside(xcn, 2), 1), part(xcn, 5)]
    .filter((word) => word !== undefined)
    .join(' ');
  if (value === undefined && display === '') return undefined;
  return compact<Reference>({
    type: 'Practitioner',
    identifier: value === undefined ? undefined : identifierOf(xcn, { value, digit: 11, type: 13, authority: 9 }, ctx),
    display: display === '' ? undefined : display,
  });
}

/** XON → a logical reference to an Organization: name and XON.10 (or the older XON.3). */
export function organization(xon: V2Repetition, ctx: MappingContext): Reference | undefined {
  const [display, value] = [part(xon, 1), part(xon, 10) ?? part(xon, 3)];
  return display === undefined && value === undefined
    ? undefined
    : compact<Reference>({
        type: 'Organization',
        identifier: value === undefined ? undefined : identifierOf(xon, { value, digit: 4, type: 7, authority: 6 }, ctx),
        display,
      });
}

/** The number of a person or organization: XCN and XON have the same parts in other places. */
export function identifierOf(
  repetition: V2Repetition,
  at: { readonly value: string; readonly digit: number; readonly type: number; readonly authority: number },
  ctx: MappingContext,
): Identifier | undefined {
  const authority = inside(repetition, at.authority);
  const name = part(authority, 1);
  return compact<Identifier>({
    extension: checkDigit(part(repetition, at.digit), part(repetition, at.digit + 1)),
    type: typeOf(part(repetition, at.type)),
    system: systemOf(authority, ctx.systems),
    value: at.value,
    assigner: name ? { display: name } : undefined,
  });
}
