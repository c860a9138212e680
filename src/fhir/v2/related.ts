import { createHash } from 'node:crypto';
import type { Patient, RelatedPerson } from '../r4.ts';
import { address } from './address.ts';
import { codingOf, concept, lookup } from './concept.ts';
import type { MappingContext } from './context.ts';
import { toDate, toDateTime } from './datetime.ts';
import { all, codeIn, compact, first, isDelete, part, type V2Facts } from './field.ts';
import { identifier, ssn } from './identifier.ts';
import { humanNames } from './name.ts';
import { spokenLanguage } from './patient.ts';
import { administrativeSex, contactRole, relationship } from './tables/index.ts';
import { telecom } from './telecom.ts';

/** Emergency contact, employer, federal and state agency, insurer: contacts, and no related persons (messages/ADT_A01, rows NK1). */
const noPersons = new Set(['EMR', 'E', 'F', 'I', 'S']);

/** What tells a patient's related persons apart: NK1-33 or NK1-12, else who they are. Undefined: it is none. */
export function relatedKey(facts: V2Facts): string | undefined {
  if (noPersons.has(first(facts, 'NK1-3') ?? '') || (facts['NK1-2'] && isDelete(facts['NK1-2']))) return undefined;
  for (const field of ['NK1-33', 'NK1-12']) {
    const number = part(facts[field]?.[0], 1);
    if (number !== undefined) return JSON.stringify([field, facts[field]?.[0]?.[3] ?? [], number]);
  }
  const names = facts['NK1-2'] ?? facts['NK1-30'];
  return names === undefined ? undefined : JSON.stringify([first(facts, 'NK1-3') ?? '', names]);
}

export const relatedId = (patientId: string, key: string): string =>
  `rel-${createHash('sha256')
    .update(JSON.stringify([patientId, key]))
    .digest('hex')
    .slice(0, 32)}`;

/** NK1 → RelatedPerson (segments/NK1[RelatedPerson]). */
export function relatedFrom(id: string, patientId: string, facts: V2Facts, ctx: MappingContext): RelatedPerson {
  const gender = codeIn(facts, 'NK1-15');
  return {
    resourceType: 'RelatedPerson',
    id,
    patient: { reference: `Patient/${patientId}` },
    ...compact<Omit<RelatedPerson, 'resourceType' | 'id' | 'patient'>>({
      active: true,
      identifier: [
        ...['NK1-12', 'NK1-33'].flatMap((field) => all(facts, field, (cx) => identifier(cx, ctx))),
        ...all(facts, 'NK1-37', (st) => ssn(part(st, 1))),
      ],
      relationship: [
        ...all(facts, 'NK1-3', (cwe) => concept(cwe, { map: relationship, table: '0063' })),
        ...all(facts, 'NK1-7', (cwe) => concept(cwe, { map: contactRole, table: '0131' })),
      ],
      name: ['NK1-2', 'NK1-30'].flatMap((field) => all(facts, field, (xpn) => humanNames(xpn, ctx)).flat()),
      telecom: [
        ...all(facts, 'NK1-5', (xtn) => telecom(xtn, ctx)),
        ...all(facts, 'NK1-6', (xtn) => telecom(xtn, ctx)).map((work) => ({ ...work, use: 'work' as const })),
        ...['NK1-31', 'NK1-40', 'NK1-41'].flatMap((field) => all(facts, field, (xtn) => telecom(xtn, ctx))),
      ],
      gender: gender === undefined ? undefined : ((lookup(administrativeSex, gender.toUpperCase())?.code ?? 'other') as Patient['gender']),
      birthDate: toDate(first(facts, 'NK1-16')),
      address: ['NK1-4', 'NK1-32'].flatMap((field) => all(facts, field, (xad) => address(xad, ctx))),
      period: compact({ start: toDateTime(first(facts, 'NK1-8'), ctx.zone), end: toDateTime(first(facts, 'NK1-9'), ctx.zone) }),
      communication: all(facts, 'NK1-20', spokenLanguage).map((language) => ({ language })),
    }),
  };
}

/** Row PID-21 (datatypes/CX[RelatedPerson-Mother]): of the mother the numbers only. Undefined: none are given. */
export function motherFrom(id: string, patientId: string, facts: V2Facts, ctx: MappingContext): RelatedPerson | undefined {
  const identifiers = all(facts, 'PID-21', (cx) => identifier(cx, ctx));
  const mother = lookup(relationship, 'MTH');
  if (identifiers.length === 0 || mother === undefined) return undefined;
  return {
    resourceType: 'RelatedPerson',
    id,
    patient: { reference: `Patient/${patientId}` },
    active: true,
    identifier: identifiers,
    relationship: [{ coding: [codingOf(mother)] }],
  };
}
