import type { CodeableConcept, Identifier, Reference } from '../r4.ts';
import type { ContainedOrganization, ContainedPractitionerRole } from '../r4-results.ts';
import { address } from './address.ts';
import { codeSystem } from './concept.ts';
import type { MappingContext } from './context.ts';
import { all, compact, part, type V2Facts, type V2Repetition } from './field.ts';
import { identifierOf, practitioner } from './practitioner.ts';

/** Who performed an observation, with the resources that it takes to say so inside the Observation itself. */
export interface Performers {
  readonly performer: readonly Reference[];
  readonly contained: readonly (ContainedOrganization | ContainedPractitionerRole)[];
}

const role = (system: string, code: string): CodeableConcept[] => [{ coding: [{ system, code }] }];

/**
 * OBX-15, 16, 23, 24 and 25 → performer (segments/OBX[Observation]): the responsible observer in his role; the performing
 * organization, through its medical director's role where one is named. Contained: the roles belong to this result
 * only, and no patient's turn may write a row that patients share.
 */
export function performersOf(facts: V2Facts, ctx: MappingContext): Performers {
  const performer: Reference[] = [];
  const contained: (ContainedOrganization | ContainedPractitionerRole)[] = [];
  const named = (id: string, of: Reference): Reference => ({ reference: `#${id}`, ...(of.display ? { display: of.display } : {}) });

  all(facts, 'OBX-16', (xcn) => practitioner(xcn, ctx)).forEach((observer, index) => {
    const id = index === 0 ? 'observer' : `observer-${index + 1}`;
    contained.push({
      resourceType: 'PractitionerRole',
      id,
      practitioner: observer,
      code: role('http://terminology.hl7.org/CodeSystem/practitioner-role', 'responsibleObserver'),
    });
    performer.push({ ...named(id, observer), type: 'PractitionerRole' });
  });

  const laboratory = performingOrganization(facts, ctx);
  if (laboratory) contained.push(laboratory);
  const asOrganization: Reference | undefined = laboratory && {
    reference: '#organization',
    type: 'Organization',
    ...(laboratory.name ? { display: laboratory.name } : {}),
  };
  const director = all(facts, 'OBX-25', (xcn) => practitioner(xcn, ctx))[0];
  if (director) {
    contained.push({
      resourceType: 'PractitionerRole',
      id: 'medical-director',
      practitioner: director,
      ...(laboratory ? { organization: { reference: '#organization' } } : {}),
      code: role('http://terminology.hl7.org/CodeSystem/v2-0912', 'MDIR'),
    });
    performer.push({ ...named('medical-director', director), type: 'PractitionerRole' });
  } else if (asOrganization) performer.push(asOrganization);

  const producer = all(facts, 'OBX-15', producerOf)[0];
  if (producer) performer.push(producer);
  return { performer, contained };
}

function performingOrganization(facts: V2Facts, ctx: MappingContext): ContainedOrganization | undefined {
  const xon = facts['OBX-23']?.[0];
  const said = compact<Omit<ContainedOrganization, 'resourceType' | 'id'>>({
    identifier: identifiers(xon, ctx),
    name: part(xon, 1),
    address: all(facts, 'OBX-24', (xad) => address(xad, ctx)),
  });
  return said && { resourceType: 'Organization', id: 'organization', ...said };
}

function identifiers(xon: V2Repetition | undefined, ctx: MappingContext): Identifier[] {
  const value = part(xon, 10) ?? part(xon, 3);
  const identifier = xon && value !== undefined ? identifierOf(xon, { value, digit: 4, type: 7, authority: 6 }, ctx) : undefined;
  return identifier ? [identifier] : [];
}

/** CWE[Organization]: a logical reference. */
function producerOf(cwe: V2Repetition): Reference | undefined {
  const [value, display] = [part(cwe, 1), part(cwe, 9) ?? part(cwe, 2)];
  const system = codeSystem(part(cwe, 3));
  return value === undefined && display === undefined
    ? undefined
    : compact<Reference>({ type: 'Organization', identifier: value === undefined ? undefined : compact({ system, value }), display });
}
