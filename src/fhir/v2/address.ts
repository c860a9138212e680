import type { Address } from '../r4.ts';
import { lookup } from './concept.ts';
import type { MappingContext } from './context.ts';
import { toDateTime } from './datetime.ts';
import { compact, inside, part, type V2Repetition } from './field.ts';
import { addressTypeType, addressTypeUse } from './tables/index.ts';

/** XAD → Address (datatypes/XAD[Address]). */
export function address(xad: V2Repetition, ctx: MappingContext): Address | undefined {
  const kind = part(xad, 7);
  const range = inside(xad, 12);
  const tract = part(xad, 10);
  const place = compact<Address>({
    // XAD.1 is an SAD since 2.3.1: its second and third part (street name, dwelling number) are lines of their own.
    line: [part(xad, 1, 1), part(xad, 1, 2), part(xad, 1, 3), part(xad, 2), part(xad, 19)].filter((line) => line !== undefined),
    city: part(xad, 3),
    district: part(xad, 9),
    state: part(xad, 4),
    postalCode: part(xad, 5),
    country: part(xad, 6),
  });
  if (!place) return undefined;
  return compact<Address>({
    extension: [
      ...(kind === 'HV' ? [{ url: 'http://hl7.org/fhir/StructureDefinition/iso21090-AD-use', valueCode: 'HV' }] : []),
      ...(tract ? [{ url: 'http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-censusTract', valueString: tract }] : []),
    ],
    use: lookup(addressTypeUse, kind)?.code as Address['use'],
    type: lookup(addressTypeType, kind)?.code as Address['type'],
    ...place,
    period: compact({
      start: toDateTime(part(xad, 13) ?? part(range, 1), ctx.zone),
      end: toDateTime(part(xad, 14) ?? part(range, 2), ctx.zone),
    }),
  });
}
