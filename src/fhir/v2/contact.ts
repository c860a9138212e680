import type { PatientContact } from '../r4.ts';
import { address } from './address.ts';
import { concept, lookup } from './concept.ts';
import type { MappingContext } from './context.ts';
import { toDateTime } from './datetime.ts';
import { all, codeIn, compact, first, isDelete, type V2Facts } from './field.ts';
import { humanName } from './name.ts';
import { organization } from './practitioner.ts';
import { administrativeSex, contactRole, relationship } from './tables/index.ts';
import { telecom } from './telecom.ts';

/** The fields of NK1 that reach Patient.contact or RelatedPerson. */
export const contactFields: readonly string[] = [2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 15, 16, 20, 30, 31, 32, 33, 37, 40, 41].map(
  (n) => `NK1-${n}`,
);

/**
 * NK1 → Patient.contact (segments/NK1[Patient]); RelatedPerson as well where it is a person (related.ts). `NK1|1|""` says
 * that there is none.
 */
export function contactFrom(facts: V2Facts, ctx: MappingContext): PatientContact | undefined {
  if (facts['NK1-2'] && isDelete(facts['NK1-2'])) return undefined;
  const gender = codeIn(facts, 'NK1-15');
  const contact = compact<PatientContact>({
    relationship: [
      ...all(facts, 'NK1-3', (cwe) => concept(cwe, { map: relationship, table: '0063' })),
      ...all(facts, 'NK1-7', (cwe) => concept(cwe, { map: contactRole, table: '0131' })),
    ],
    // A contact that is an organization is reached through a person there (NK1-30 to 32).
    name: all(facts, 'NK1-2', (xpn) => humanName(xpn, ctx))[0] ?? all(facts, 'NK1-30', (xpn) => humanName(xpn, ctx))[0],
    telecom: [
      ...all(facts, 'NK1-5', (xtn) => telecom(xtn, ctx)),
      ...all(facts, 'NK1-6', (xtn) => telecom(xtn, ctx)).map((work) => ({ ...work, use: 'work' as const })),
      ...['NK1-40', 'NK1-31', 'NK1-41'].flatMap((field) => all(facts, field, (xtn) => telecom(xtn, ctx))),
    ],
    address: all(facts, 'NK1-4', (xad) => address(xad, ctx))[0] ?? all(facts, 'NK1-32', (xad) => address(xad, ctx))[0],
    gender:
      gender === undefined ? undefined : ((lookup(administrativeSex, gender.toUpperCase())?.code ?? 'other') as PatientContact['gender']),
    organization: all(facts, 'NK1-13', (xon) => organization(xon, ctx))[0],
    period: compact({ start: toDateTime(first(facts, 'NK1-8'), ctx.zone), end: toDateTime(first(facts, 'NK1-9'), ctx.zone) }),
  });
  // pat-1: a contact has at least a name, a telecom, an address or an organization.
  return contact && (contact.name || contact.telecom || contact.address || contact.organization) ? contact : undefined;
}
