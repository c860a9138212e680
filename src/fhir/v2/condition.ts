import { hash } from 'node:crypto';
import type { EncounterDiagnosis, Extension } from '../r4.ts';
import type { Condition } from '../r4-clinical.ts';
import { concept } from './concept.ts';
import type { MappingContext } from './context.ts';
import { toDateTime } from './datetime.ts';
import { entity } from './entity.ts';
import { all, compact, first, part, type V2Facts } from './field.ts';
import { practitioner } from './practitioner.ts';
import { diagnosisType } from './tables/index.ts';

/** The fields of DG1 that reach Condition and Encounter.diagnosis. */
export const diagnosisFields: readonly string[] = [3, 4, 5, 6, 15, 16, 19, 20, 21, 22].map((n) => `DG1-${n}`);

/** What tells the diagnoses of a visit apart: the sender's identifier (DG1-20), else the code, else the text. */
export function diagnosisKey(facts: V2Facts): string | undefined {
  const [id, code] = [facts['DG1-20']?.[0], facts['DG1-3']?.[0]];
  if (part(id, 1) !== undefined) return `DG1-20|${part(id, 2) ?? part(id, 3) ?? ''}|${part(id, 1)}`;
  if (part(code, 1) !== undefined) return `${part(code, 3) ?? ''}|${part(code, 1)}`;
  return part(code, 2) ?? first(facts, 'DG1-4');
}

export const conditionId = (encounterId: string, key: string): string =>
  `con-${hash('sha256', JSON.stringify([encounterId, key]), 'hex').slice(0, 32)}`;

/** `active`: on the newest list. `inactive`: no longer. `withdrawn`: deleted by DG1-21. */
export type DiagnosisStanding = 'active' | 'inactive' | 'withdrawn';

const base = 'http://hl7.org/fhir/StructureDefinition';

/** Condition (segments/DG1[Condition]). */
export function conditionFrom(
  of: { readonly id: string; readonly patientId: string; readonly encounterId: string; readonly standing: DiagnosisStanding },
  facts: V2Facts,
  ctx: MappingContext,
): Condition {
  const coded = all(facts, 'DG1-3', (cwe) => concept(cwe))[0];
  const text = first(facts, 'DG1-4');
  const attested = toDateTime(first(facts, 'DG1-19'), ctx.zone);
  const withdrawn = of.standing === 'withdrawn';
  const parent = all(facts, 'DG1-22', (ei) => entity(ei, ctx))[0];
  return {
    resourceType: 'Condition',
    id: of.id,
    subject: { reference: `Patient/${of.patientId}` },
    ...compact<Omit<Condition, 'resourceType' | 'id' | 'subject'>>({
      extension: [
        ...(attested ? [{ url: `${base}/condition-assertedDate`, valueDateTime: attested }] : []),
        ...(parent ? [{ url: `${base}/condition-dueTo`, valueReference: { type: 'Condition', identifier: parent } }] : []),
      ] satisfies Extension[],
      identifier: all(facts, 'DG1-20', (ei) => entity(ei, ctx)),
      // con-5: no clinical status where it was entered in error.
      clinicalStatus: withdrawn
        ? undefined
        : { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: of.standing }] },
      verificationStatus: withdrawn
        ? { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-ver-status', code: 'entered-in-error' }] }
        : undefined,
      category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-category', code: 'encounter-diagnosis' }] }],
      code: coded ? (text ? { ...coded, text } : coded) : text ? { text } : undefined,
      encounter: { reference: `Encounter/${of.encounterId}` },
      onsetDateTime: toDateTime(first(facts, 'DG1-5'), ctx.zone),
      recordedDate: attested,
      asserter: all(facts, 'DG1-16', (xcn) => practitioner(xcn, ctx))[0],
    }),
  };
}

/** Encounter.diagnosis (segments/DG1[Encounter]). */
export function diagnosisOf(conditionId: string, facts: V2Facts): EncounterDiagnosis {
  const rank = Number(first(facts, 'DG1-15'));
  return {
    condition: { reference: `Condition/${conditionId}` },
    ...compact<Omit<EncounterDiagnosis, 'condition'>>({
      use: all(facts, 'DG1-6', (cwe) => concept(cwe, { map: diagnosisType, table: '0052' }))[0],
      rank: Number.isInteger(rank) && rank > 0 ? rank : undefined,
    }),
  };
}
