import { first, instantOf, plainText, toDateTime, type V2Facts } from 'aorta/fhir';

/**
 * Which of two reports of the same result counts. A total order, so that the order of arrival does not matter:
 *
 * 1. What is final (or corrected, cancelled, deleted) comes before what is not: "F: can only be changed with a corrected
 *    result" (HL7 table 0085), so a preliminary result never takes the place of a final one, however late it is sent.
 * 2. The time of the change: OBR-22, else the message's event time.
 * 3. The message's event time (senders repeat an unchanged OBR-22), then arrival.
 */
export type Rank = readonly [standing: number, changedAt: number, sentAt: number, seq: number];

export const comesBefore = (a: Rank, b: Rank): boolean => {
  for (const [i, value] of a.entries()) if (value !== b[i]) return value < (b[i] as number);
  return false;
};

const preliminary = new Set(['P', 'R', 'S', 'I', 'O', 'M', 'A', 'N']);
const preliminaryResult = new Set(['P', 'R', 'S', 'I', 'O']);

/** OBX-11 A is "amended" (after final) and N "not asked"; OBR-25 A is "some results" and N "results pending". */
export const isFinalResult = (code: string | undefined): boolean => !preliminaryResult.has(code ?? '');
export const isFinalOrder = (code: string | undefined): boolean => !preliminary.has(code ?? '');

/** OBX-11 U and V say that a result stands as it was sent before; without a value they have nothing else to say. */
export const isStatusOnly = (facts: V2Facts, documents: number): boolean =>
  /^[UV]$/.test(first(facts, 'OBX-11') ?? '') && documents === 0 && !(facts['OBX-5'] ?? []).some((value) => plainText(value) !== undefined);

export function changedAt(order: V2Facts, occurredAt: number, zone: string): number {
  const changed = toDateTime(first(order, 'OBR-22'), zone);
  return changed === undefined ? occurredAt : instantOf(changed);
}
