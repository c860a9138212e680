import { createHash } from 'node:crypto';
import type { Observation } from '../r4-results.ts';
import { concept } from './concept.ts';
import { all, type V2Facts } from './field.ts';
import { livingWillCode } from './tables/index.ts';

export const livingWillId = (patientId: string): string => `lwl-${createHash('sha256').update(patientId).digest('hex').slice(0, 32)}`;

/** PD1-7 → Observation (segments/PD1[Observation-LivingWill]). Undefined: the patient's systems say nothing of one. */
export function livingWillFrom(patientId: string, facts: V2Facts): Observation | undefined {
  const value = all(facts, 'PD1-7', (cwe) => concept(cwe, { map: livingWillCode, table: '0315' }))[0];
  return (
    value && {
      resourceType: 'Observation',
      id: livingWillId(patientId),
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code: '75320-2', display: 'Advance directive' }] },
      subject: { reference: `Patient/${patientId}` },
      valueCodeableConcept: value,
    }
  );
}
