import { type Finding, finding } from './finding.ts';
import type { Message } from './message.ts';
import type { Segment } from './segment.ts';
import { instantOf, parseTimestamp, type Timestamp } from './timestamp.ts';
import { type AdtFacts, type AdtRules, readIdentifiers, senderOf, typeOf } from './validate.ts';

/** The events that the ORU entry point takes. */
export const oruEvents: ReadonlySet<string> = new Set(['R01']);

const dates: Readonly<Record<string, readonly number[]>> = { MSH: [7], EVN: [2, 6], PID: [7, 29], OBR: [7, 8, 22], OBX: [14] };

/** As many findings as an answer would hold; a message of nothing but errors is not read to its end. */
const maxFindings = 20;

/**
 * Rules for ORU^R01 beyond those of MSH, and the facts of a message that breaks none: the events; at least one OBR; no
 * results of two patients (their identity could only be one of them); possible dates; no OBR-25 that the v2-to-FHIR map
 * makes an error (Y, Z: table 0123). Event time as for ADT; without EVN it is MSH-7.
 */
export function readOru(
  message: Message,
  rules: AdtRules,
): { readonly facts: AdtFacts | undefined; readonly findings: readonly Finding[] } {
  const { event } = typeOf(message);
  if (event === '') return { facts: undefined, findings: [finding('AORTA_HL7_007', { segment: 'MSH', field: 9, component: 2 })] };
  if (!rules.events.has(event))
    return { facts: undefined, findings: [finding('AORTA_HL7_004', { segment: 'MSH', field: 9, component: 2 })] };

  const found: Finding[] = [];
  const times = new Map<string, Timestamp>();
  const seen = new Map<string, number>();
  for (const segment of message.segments()) {
    if (found.length >= maxFindings) break;
    const sequence = (seen.get(segment.name) ?? 0) + 1;
    seen.set(segment.name, sequence);
    if (segment.name === 'PID' && sequence === 2) found.push(finding('AORTA_HL7_030', { segment: 'PID', sequence }));
    if (segment.name === 'OBR' && /^[YZ]$/.test(segment.field(25).component(1).text?.trim() ?? ''))
      found.push(finding('AORTA_HL7_031', { segment: 'OBR', sequence, field: 25 }));
    for (const n of dates[segment.name] ?? []) checkDate(segment, sequence, n, times, found);
  }
  if (!seen.has('OBR')) found.push(finding('AORTA_HL7_007', { segment: 'OBR' }));
  const occurred = times.get('EVN-6') ?? times.get('EVN-2') ?? times.get('MSH-7');
  if (!occurred && !found.some((f) => f.code === 'AORTA_HL7_008')) found.push(finding('AORTA_HL7_007', { segment: 'MSH', field: 7 }));
  const identifiers = readIdentifiers(message, rules, found);
  if (found.length > 0 || !occurred) return { facts: undefined, findings: found.slice(0, maxFindings) };
  const occurredAt = instantOf(occurred, rules.zone, times.get('MSH-7')?.offset ?? null);
  return {
    facts: { event, controlId: message.field('MSH', 10).text ?? '', sender: senderOf(message), identifiers, occurredAt },
    findings: [],
  };
}

function checkDate(segment: Segment, sequence: number, n: number, times: Map<string, Timestamp>, found: Finding[]): void {
  const field = segment.field(n);
  const value = field.component(1).text;
  if (value === undefined) return;
  const time = field.size > 64 ? undefined : parseTimestamp(value.trim());
  if (!time) found.push(finding('AORTA_HL7_008', { segment: segment.name, sequence, field: n }));
  else if (sequence === 1) times.set(`${segment.name}-${n}`, time);
}
