import type { Extension, HumanName, NameUse } from '../r4.ts';
import { lookup } from './concept.ts';
import type { MappingContext } from './context.ts';
import { toDateTime } from './datetime.ts';
import { compact, inside, part, type V2Repetition } from './field.ts';
import { nameAssemblyOrder, nameType } from './tables/index.ts';

const base = 'http://hl7.org/fhir/StructureDefinition';

/** XPN → HumanName (datatypes/XPN[HumanName]), FN inside it (datatypes/FN[HumanName]). */
export function humanName(xpn: V2Repetition, ctx: MappingContext): HumanName | undefined {
  const own = inside(xpn, 1);
  const surname: Extension[] = (
    [
      [2, 'humanname-own-prefix'],
      [3, 'humanname-own-name'],
      [4, 'humanname-partner-prefix'],
      [5, 'humanname-partner-name'],
    ] as const
  ).flatMap(([c, name]) => (part(own, c) ? [{ url: `${base}/${name}`, valueString: part(own, c) as string }] : []));
  const order = lookup(nameAssemblyOrder, part(xpn, 11));
  const family = part(own, 1);
  const name = compact<HumanName>({
    extension: order ? [{ url: `${base}/humanname-assembly-order`, valueCode: order.code }] : [],
    family,
    _family: family && surname.length > 0 ? { extension: surname } : undefined,
    given: present(part(xpn, 2), part(xpn, 3)),
    prefix: present(part(xpn, 5)),
    suffix: present(part(xpn, 4), part(xpn, 6), part(xpn, 14)),
    period: validity(xpn, ctx),
  });
  if (!name?.family && !name?.given && !name?.prefix && !name?.suffix) return undefined;
  const use = lookup(nameType, part(xpn, 7))?.code as NameUse | undefined;
  return use ? { use, ...name } : name;
}

/** Row XPN.15: what the person is called is a name beside the name. */
export function humanNames(xpn: V2Repetition, ctx: MappingContext): HumanName[] {
  const [name, called] = [humanName(xpn, ctx), part(xpn, 15)];
  return [...(name ? [name] : []), ...(called === undefined ? [] : [{ use: 'nickname' as const, given: [called] }])];
}

/** XPN.12 and XPN.13, or the older range in XPN.10. */
function validity(xpn: V2Repetition, ctx: MappingContext) {
  const range = inside(xpn, 10);
  const own = part(xpn, 12) ?? part(xpn, 13);
  return compact({
    start: toDateTime(own ? part(xpn, 12) : part(range, 1), ctx.zone),
    end: toDateTime(own ? part(xpn, 13) : part(range, 2), ctx.zone),
  });
}

/** A name as one line, for extensions and displays that hold text. */
export function nameText(name: HumanName | undefined): string | undefined {
  const words = [...(name?.prefix ?? []), ...(name?.given ?? []), ...(name?.family ? [name.family] : []), ...(name?.suffix ?? [])];
  return words.length === 0 ? undefined : words.join(' ');
}

const present = (...texts: (string | undefined)[]): string[] => texts.filter((text) => text !== undefined);
