import type { ContactPoint, Extension } from '../r4.ts';
import { lookup } from './concept.ts';
import type { MappingContext } from './context.ts';
import { toDateTime } from './datetime.ts';
import { compact, part, type V2Repetition } from './field.ts';
import { telecommunicationEquipmentType, telecommunicationUseCode } from './tables/index.ts';

/**
 * XTN → ContactPoint (datatypes/XTN[ContactPoint]). `use` is the field's own (PID-13 home, PID-14 work) where XTN.2
 * says nothing.
 */
export function telecom(xtn: V2Repetition, ctx: MappingContext, use?: ContactPoint['use']): ContactPoint | undefined {
  const kind = part(xtn, 3);
  const equipment = lookup(telecommunicationEquipmentType, kind);
  const mail = kind === 'Internet' || kind === 'X.400' || (kind === undefined && part(xtn, 4) !== undefined);
  const value = mail ? (part(xtn, 4) ?? part(xtn, 1)) : (number(xtn) ?? part(xtn, 12) ?? part(xtn, 1) ?? part(xtn, 4));
  if (value === undefined) return undefined;
  // The map of table 0202 sends CP to a use (mobile), not to a system.
  const mobile = equipment?.code === 'mobile';
  const rank = Number(part(xtn, 18));
  return compact<ContactPoint>({
    extension: mail ? [] : pieces(xtn),
    system: mail ? 'email' : mobile || equipment === undefined ? 'phone' : (equipment.code as ContactPoint['system']),
    value,
    use: mobile
      ? 'mobile'
      : ((lookup(telecommunicationUseCode, part(xtn, 2))?.code as ContactPoint['use']) ?? (part(xtn, 2) ? undefined : use)),
    rank: Number.isInteger(rank) && rank > 0 ? rank : undefined,
    period: compact({ start: toDateTime(part(xtn, 13), ctx.zone), end: toDateTime(part(xtn, 14), ctx.zone) }),
  });
}

/** Rows XTN.5 to XTN.8: the number's pieces, beside the number as a whole; a local number alone is the whole. */
function pieces(xtn: V2Repetition): Extension[] {
  const found = (['country', 'area', 'local', 'extension'] as const).flatMap((name, index) => {
    const text = part(xtn, index + 5);
    return text === undefined ? [] : [{ url: `http://hl7.org/fhir/StructureDefinition/contactpoint-${name}`, valueString: text }];
  });
  return found.length > 1 ? found : [];
}

/** XTN.5–8: `+country area local Xextension`, as far as given. */
function number(xtn: V2Repetition): string | undefined {
  const [country, area, local, extension] = [part(xtn, 5), part(xtn, 6), part(xtn, 7), part(xtn, 8)];
  if (local === undefined) return undefined;
  return [country && `+${country}`, area, local, extension && `X${extension}`].filter((piece) => piece).join(' ');
}
