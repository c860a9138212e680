import { createHash } from 'aorta';
import { authorityOf, first, type MappingContext, part, plainText, type V2Facts } from 'aorta/fhir';
import type { StoredMessage, StoredOrder } from './attachments.ts';

/** Whether something can be named by its number or only by what it is. */
const numberIn = (facts: V2Facts, field: string, mapping: MappingContext): string | undefined => {
  const ei = facts[field]?.[0];
  const value = part(ei, 1);
  return ei === undefined || value === undefined ? undefined : `${authorityOf(ei, mapping) ?? ''}|${value}`;
};

const codeOf = (facts: V2Facts, field: string): string => {
  const cwe = facts[field]?.[0];
  const code = part(cwe, 1);
  return code === undefined ? (part(cwe, 2) ?? part(cwe, 9) ?? '') : `${part(cwe, 3) ?? ''}|${code}`;
};

/**
 * What makes two OBR the same report: the filler's order number (ORC-3, else OBR-3), else the placer's, with the service
 * (OBR-4: one number may have several panels) and the parent result (OBR-26: one susceptibility panel an organism).
 * Without a number the sender, the service and its time; with nothing at all, this message alone.
 */
export function reportKey(facts: V2Facts, message: Pick<StoredMessage, 'sender' | 'controlId'>, mapping: MappingContext): string {
  const number = ['ORC-3', 'OBR-3', 'ORC-2', 'OBR-2'].map((field) => numberIn(facts, field, mapping)).find((each) => each !== undefined);
  const [service, parent] = [codeOf(facts, 'OBR-4'), plainText(facts['OBR-26']?.[0]) ?? ''];
  if (number !== undefined) return JSON.stringify([number, service, parent]);
  const time = first(facts, 'OBR-7');
  return JSON.stringify(['', message.sender, service, time ?? `message ${message.controlId}`, parent]);
}

/** One key an order of a message; the second of the same key in one message is another report. */
export function reportKeys(message: StoredMessage, mapping: MappingContext): string[] {
  const count = counter();
  return message.orders.map((order) => count(reportKey(order.facts, message, mapping)));
}

/** Within a report: what is observed (OBX-3) and which of several (OBX-4), else its place among equals. */
export function resultKeys(order: StoredOrder): string[] {
  const count = counter();
  return order.results.map(({ facts }) => count(JSON.stringify([codeOf(facts, 'OBX-3'), plainText(facts['OBX-4']?.[0]) ?? ''])));
}

export function specimenKeys(order: StoredOrder): string[] {
  const count = counter();
  return order.specimens.map((facts) => count(plainText(facts['SPM-2']?.[0]) ?? `set ${first(facts, 'SPM-1') ?? ''}`));
}

function counter(): (key: string) => string {
  const seen = new Map<string, number>();
  return (key) => {
    const n = (seen.get(key) ?? 0) + 1;
    seen.set(key, n);
    return n === 1 ? key : `${key} #${n}`;
  };
}

/** FHIR id of something of a patient: the same input, the same id, on every replay. */
export const idOf = (prefix: 'rep' | 'obs' | 'spm', ...of: readonly string[]): string =>
  `${prefix}-${createHash('sha256').update(JSON.stringify(of)).digest('hex').slice(0, 32)}`;
