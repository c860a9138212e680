import { type Finding, finding } from './finding.ts';
import type { SystemValue } from './identifier.ts';
import type { Message } from './message.ts';
import { type AdtFacts, type AdtRules, readAdt, readIdentifiers } from './validate.ts';

/**
 * Events that merge one patient into another: A40, and A34, which is what it was called before 2.3.1 (v2.5.1 3.3.34).
 * Not A18, which says neither whether it merges persons, accounts or visits; not A24 and A37, which link and unlink
 * patients that both stay in use.
 */
export const mergeEvents: ReadonlySet<string> = new Set(['A34', 'A40']);

/** `identifiers` are the survivor's alone. */
export interface MergeFacts extends AdtFacts {
  /** MRG-1: whoever is known by one of them is merged. */
  readonly merged: readonly SystemValue[];
}

/**
 * Rules for a merge beyond those of ADT: one PID with its MRG, which names somebody. An identifier on both sides is the
 * merged patient's (senders list it with the survivor's new ones); if none is left for the survivor, the message merges
 * a patient into itself: AE with ERR-3 205, duplicate key identifier, as nothing in it is unknown (204) or of a wrong type.
 */
export function readMerge(
  message: Message,
  rules: AdtRules,
): { readonly facts: MergeFacts | undefined; readonly findings: readonly Finding[] } {
  const { facts, findings } = readAdt(message, { ...rules, events: mergeEvents });
  const found = [...findings];
  const merged = readIdentifiers(message, rules, found, { segment: 'MRG', field: 1 });
  for (const segment of ['PID', 'MRG']) {
    if (message.segment(segment, 2)) found.push(finding('AORTA_HL7_033', { segment, sequence: 2 }));
  }
  if (!facts || found.length > 0) return { facts: undefined, findings: found };
  const theirs = new Set(merged.map(keyOf));
  const identifiers = facts.identifiers.filter((each) => !theirs.has(keyOf(each)));
  if (identifiers.length === 0) return { facts: undefined, findings: [finding('AORTA_HL7_032', { segment: 'MRG', field: 1 })] };
  return { facts: { ...facts, identifiers, merged }, findings: [] };
}

const keyOf = ({ system, value }: SystemValue): string => JSON.stringify([system, value]);
