import type { AllergyIntolerance } from '../r4-clinical.ts';
import { concept, lookup, mapped } from './concept.ts';
import type { MappingContext } from './context.ts';
import { toDateTime } from './datetime.ts';
import { all, codeIn, compact, first, part, type V2Facts } from './field.ts';
import {
  allergenTypeCategory,
  allergenTypeOriginalCategory,
  allergySeverityCriticality,
  allergySeverityOriginal,
  allergySeverityReaction,
  allergyType,
} from './tables/index.ts';
import { plainText } from './value.ts';

/** The fields of AL1 that reach AllergyIntolerance. */
export const allergyFields: readonly string[] = [2, 3, 4, 5, 6].map((n) => `AL1-${n}`);

/** What the allergy is to, as a key: code and system, else text. Undefined: it names nothing. */
export function allergen(facts: V2Facts): string | undefined {
  const cwe = facts['AL1-3']?.[0];
  const code = part(cwe, 1);
  return code === undefined ? (part(cwe, 2) ?? part(cwe, 9)) : `${part(cwe, 3) ?? ''}|${code}`;
}

const clinical = 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical';

/**
 * AllergyIntolerance (segments/AL1[AllergyIntolerance]). AL1-4 is the reaction's severity (how bad it was, which is what
 * the field's name says) unless `ctx.allergySeverity` makes it the criticality. `active` false: the sender's newest list
 * no longer has it.
 */
export function allergyFrom(id: string, patientId: string, facts: V2Facts, active: boolean, ctx: MappingContext): AllergyIntolerance {
  const kind = codeIn(facts, 'AL1-2');
  const category = lookup(allergenTypeCategory, kind)?.code as NonNullable<AllergyIntolerance['category']>[number] | undefined;
  const original = mapped(allergenTypeOriginalCategory, kind);
  const degree = codeIn(facts, 'AL1-4');
  const critical = ctx.allergySeverity === 'criticality';
  const severity = critical ? undefined : (lookup(allergySeverityReaction, degree)?.code as 'mild' | 'moderate' | 'severe' | undefined);
  const asSent = critical ? mapped(allergySeverityOriginal, degree) : undefined;
  const manifestation = all(facts, 'AL1-5', plainText).map((text) => ({ text }));
  return {
    resourceType: 'AllergyIntolerance',
    id,
    patient: { reference: `Patient/${patientId}` },
    ...compact<Omit<AllergyIntolerance, 'resourceType' | 'id' | 'patient'>>({
      clinicalStatus: { coding: [{ system: clinical, code: active ? 'active' : 'inactive' }] },
      type: lookup(allergyType, kind)?.code as AllergyIntolerance['type'],
      category: category ? [category] : [],
      _category: original
        ? [{ extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/alternate-codes', valueCodeableConcept: original }] }]
        : [],
      criticality: critical ? (lookup(allergySeverityCriticality, degree)?.code as 'low' | 'high' | undefined) : undefined,
      _criticality: asSent
        ? { extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/alternate-codes', valueCodeableConcept: asSent }] }
        : undefined,
      code: all(facts, 'AL1-3', (cwe) => concept(cwe))[0],
      onsetDateTime: toDateTime(first(facts, 'AL1-6'), ctx.zone),
      // A reaction needs a manifestation (1..*); a severity alone has none to say it of.
      reaction:
        manifestation.length > 0
          ? [{ manifestation, ...(severity ? { severity } : {}) }]
          : severity
            ? [{ manifestation: [{ text: 'not stated' }], severity }]
            : [],
    }),
  };
}
