import type { Admission, AdmitOutcome, Identifier } from '../port.ts';

/** A stored fingerprint of one of the batch's control ids, with any digest. */
export interface KnownFingerprint {
  readonly sender: string;
  readonly controlId: string;
  readonly digest: string;
  readonly eventId: string;
  readonly patientId: string;
  readonly instance: string;
  readonly seq: number;
  readonly admittedAt: number;
  readonly owed: boolean;
}

export interface KnownIdentifier extends Identifier {
  readonly patientId: string;
}

export interface Plan {
  readonly outcomes: readonly AdmitOutcome[];
  /** To insert; none of them is stored. */
  readonly identifiers: readonly KnownIdentifier[];
  /** Whose fingerprint and append are to be stored. */
  readonly admitted: readonly Admission[];
}

/**
 * Decides a batch in order against what is stored. An admission goes under the patient of its first known identifier,
 * as `resolve` has it; where that is another than the one it was built for, it is `moved`. One that is stored under
 * the same instance, seq and event already (the reply was lost) is admitted again without effect.
 */
export function plan(
  instance: string,
  batch: readonly Admission[],
  now: number,
  fingerprints: readonly KnownFingerprint[],
  identifiers: readonly KnownIdentifier[],
): Plan {
  const messages = new Map<string, Map<string, KnownFingerprint>>();
  const remember = (fingerprint: KnownFingerprint): void => {
    const id = pair(fingerprint.sender, fingerprint.controlId);
    const digests = messages.get(id) ?? new Map<string, KnownFingerprint>();
    messages.set(id, digests.set(fingerprint.digest, fingerprint));
  };
  for (const fingerprint of fingerprints) remember(fingerprint);
  const patients = new Map(identifiers.map(({ system, value, patientId }) => [pair(system, value), patientId]));

  const inserted: KnownIdentifier[] = [];
  const admitted: Admission[] = [];
  const outcomes = batch.map((admission): AdmitOutcome => {
    const { seq, eventId, patientId } = admission;
    const { sender, controlId, digest } = admission.fingerprint;
    const digests = messages.get(pair(sender, controlId));
    const same = digests?.get(digest);
    const controlIdReused = digests !== undefined && digests.size > (same ? 1 : 0);
    if (same) {
      if (same.instance === instance && same.seq === seq && same.eventId === eventId) return { kind: 'admitted', controlIdReused };
      return { kind: 'duplicate', eventId: same.eventId, patientId: same.patientId, settled: !same.owed, owedSince: same.admittedAt };
    }
    const first = admission.identifiers.map(({ system, value }) => patients.get(pair(system, value))).find((known) => known !== undefined);
    if (first !== undefined && first !== patientId) return { kind: 'moved', patientId: first };
    for (const { system, value } of admission.identifiers) {
      if (patients.has(pair(system, value))) continue;
      patients.set(pair(system, value), patientId);
      inserted.push({ system, value, patientId });
    }
    remember({ sender, controlId, digest, eventId, patientId, instance, seq, admittedAt: now, owed: true });
    admitted.push(admission);
    return { kind: 'admitted', controlIdReused };
  });
  return { outcomes, identifiers: inserted, admitted };
}

export const pair = (a: string, b: string): string => JSON.stringify([a, b]);
