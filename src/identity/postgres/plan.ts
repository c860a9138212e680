import type { Admission, AdmitOutcome, Identifier, PatientLink } from '../port.ts';

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

/** By patient: the record that another instance owes about its merge or unmerge. */
export type Pending = ReadonlyMap<string, { readonly eventId: string; readonly owedSince: number }>;

/** What is stored about the merges and unmerges of a batch. */
export interface KnownLinks {
  /** In force, those to undo and those that their survivors are part of. */
  readonly links: readonly PatientLink[];
  /** Patients to whom another instance owes a record. */
  readonly owed: ReadonlySet<string>;
}

export const noLinks: KnownLinks = { links: [], owed: new Set() };

export interface Plan {
  readonly outcomes: readonly AdmitOutcome[];
  /** To insert; none of them is stored. */
  readonly identifiers: readonly KnownIdentifier[];
  /** Stored ones that get another patient. */
  readonly repointed: readonly KnownIdentifier[];
  /** Whose fingerprint and appends are to be stored. */
  readonly admitted: readonly Admission[];
  readonly linked: readonly (PatientLink & { readonly seq: number })[];
  /** Merges undone. */
  readonly unlinked: readonly { readonly id: string; readonly seq: number }[];
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
  { links: known, owed }: KnownLinks = noLinks,
  pending: Pending = new Map(),
): Plan {
  const messages = new Map<string, Map<string, KnownFingerprint>>();
  const remember = (fingerprint: KnownFingerprint): void => {
    const id = pair(fingerprint.sender, fingerprint.controlId);
    const digests = messages.get(id) ?? new Map<string, KnownFingerprint>();
    messages.set(id, digests.set(fingerprint.digest, fingerprint));
  };
  for (const fingerprint of fingerprints) remember(fingerprint);
  const patients = new Map(identifiers.map(({ system, value, patientId }) => [pair(system, value), patientId]));
  const of = ({ system, value }: Identifier): string | undefined => patients.get(pair(system, value));

  const inserted: Identifier[] = [];
  const admitted: Admission[] = [];
  const linked: Plan['linked'][number][] = [];
  const unlinked: Plan['unlinked'][number][] = [];
  const displaced = new Set<string>();
  const inForce = (): readonly PatientLink[] => [...known, ...linked].filter(({ id }) => !unlinked.some((each) => each.id === id));

  const moved = ({ identifiers: own, patientId, merge }: Admission): { kind: 'moved'; patientId: string } | undefined => {
    const first = own.map(of).find((one) => one !== undefined);
    if (first !== undefined && first !== patientId) return { kind: 'moved', patientId: first };
    if (!merge) return undefined;
    const others = new Set(merge.identifiers.map(of).filter((one) => one !== undefined && one !== patientId));
    const same = others.size === merge.links.length && merge.links.every(({ from }) => others.has(from));
    return same ? undefined : { kind: 'moved', patientId };
  };
  const refused = (id: string): AdmitOutcome | undefined => {
    const link = inForce().find((each) => each.id === id);
    if (!link) return { kind: 'refused', reason: 'not-merged' };
    if (inForce().some(({ from }) => from === link.to)) return { kind: 'refused', reason: 'merged-on' };
    return owed.has(link.to) ? { kind: 'refused', reason: 'owed' } : undefined;
  };
  const link = (id: string, from: string, to: string, seq: number): void => {
    const theirs = [...patients].filter(([, patient]) => patient === from).map(([key]) => key);
    for (const key of theirs) patients.set(key, to);
    linked.push({ id, from, to, at: now, identifiers: theirs.sort().map(unpair), seq });
  };
  const unlink = (id: string, seq: number): void => {
    const undone = inForce().find((each) => each.id === id);
    if (!undone) return;
    unlinked.push({ id, seq });
    for (const each of undone.identifiers) if (of(each) === undone.to) patients.set(pair(each.system, each.value), undone.from);
  };

  const outcomes = batch.map((admission): AdmitOutcome => {
    const { seq, eventId, patientId, merge, unmerge } = admission;
    const { sender, controlId, digest } = admission.fingerprint;
    const digests = messages.get(pair(sender, controlId));
    const same = digests?.get(digest);
    const controlIdReused = digests !== undefined && digests.size > (same ? 1 : 0);
    if (same) {
      if (same.instance === instance && same.seq === seq && same.eventId === eventId) return { kind: 'admitted', controlIdReused };
      return { kind: 'duplicate', eventId: same.eventId, patientId: same.patientId, settled: !same.owed, owedSince: same.admittedAt };
    }
    const concerned = [patientId, ...(merge?.links ?? []).map(({ from }) => from)];
    const away = concerned.some((id) => displaced.has(id)) ? ({ kind: 'moved', patientId } as const) : moved(admission);
    if (away) {
      for (const id of [...concerned, away.patientId]) displaced.add(id);
      return away;
    }
    const undone = unmerge === undefined ? undefined : inForce().find((each) => each.id === unmerge);
    const before = [...concerned, ...(undone ? [undone.from, undone.to] : [])]
      .map((id) => pending.get(id))
      .find((one) => one !== undefined);
    if (before) {
      for (const id of concerned) displaced.add(id);
      return { kind: 'behind', ...before };
    }
    const no = unmerge === undefined ? undefined : refused(unmerge);
    if (no) return no;
    for (const { id, from } of merge?.links ?? []) link(id, from, patientId, seq);
    for (const { system, value } of [...admission.identifiers, ...(merge?.identifiers ?? [])]) {
      if (patients.has(pair(system, value))) continue;
      patients.set(pair(system, value), patientId);
      inserted.push({ system, value });
    }
    if (unmerge !== undefined) unlink(unmerge, seq);
    remember({ sender, controlId, digest, eventId, patientId, instance, seq, admittedAt: now, owed: true });
    admitted.push(admission);
    return { kind: 'admitted', controlIdReused };
  });
  const asItIs = (each: Identifier): KnownIdentifier => ({ system: each.system, value: each.value, patientId: of(each) as string });
  return {
    outcomes,
    identifiers: inserted.map(asItIs),
    repointed: identifiers.filter((each) => of(each) !== each.patientId).map(asItIs),
    admitted,
    linked,
    unlinked,
  };
}

/** PostgreSQL stores no null character, so no two pairs that are stored give the same text. */
export const pair = (a: string, b: string): string => `${a}\u0000${b}`;
const unpair = (key: string): Identifier => {
  const end = key.indexOf('\u0000');
  return { system: key.slice(0, end), value: key.slice(end + 1) };
};
