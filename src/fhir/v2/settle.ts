import { parseDtm } from './datetime.ts';
import type { V2Facts, V2Field, V2Repetition } from './field.ts';

/** What a message says once for all its fields. */
export interface MessageDefaults {
  /** MSH-4, else MSH-3 (an HD: namespace, universal id, type): the authority of its numbers and the site of its places. */
  readonly facility: readonly string[];
  /** MSH-7: where it has an offset, that is the default of the whole message (HL7 v2.5.1, 2.15.9.7). */
  readonly sentAt?: string;
}

const numbers = new Set(['PID-2', 'PID-3', 'PID-4', 'PV1-5', 'PV1-19', 'PV1-50']);
const places = new Set(['PV1-3', 'PV1-6', 'PV1-11', 'PV1-42']);
const times = new Set(['PID-7', 'PID-29', 'PV1-44', 'PV1-45']);

/**
 * Makes facts mean the same outside their message: numbers without an authority (CX.4) and places without a facility
 * (PL.4) get the sender's, times without an offset that of MSH-7.
 */
export function settle(facts: V2Facts, defaults: MessageDefaults): V2Facts {
  const offset = parseDtm(defaults.sentAt)?.offset?.replace(':', '');
  const settled: Record<string, V2Field> = {};
  for (const [name, field] of Object.entries(facts)) {
    if (numbers.has(name) || places.has(name)) settled[name] = field.map((repetition) => withFourth(repetition, defaults.facility));
    else if (times.has(name) && offset) settled[name] = field.map((repetition) => withOffset(repetition, offset));
    else settled[name] = field;
  }
  return settled;
}

/** CX.4 and PL.4 alike. A repetition without a first value stays as it is: it names nothing. */
function withFourth(repetition: V2Repetition, facility: readonly string[]): V2Repetition {
  if (repetition[3]?.some((text) => text.trim() !== '') || repetition.every((c) => c.every((s) => s.trim() === '' || s === '""')))
    return repetition;
  const wide = [0, 1, 2, 3].map((c) => repetition[c] ?? ['']);
  return [wide[0] ?? [''], wide[1] ?? [''], wide[2] ?? [''], facility, ...repetition.slice(4)];
}

function withOffset(repetition: V2Repetition, offset: string): V2Repetition {
  const text = repetition[0]?.[0]?.trim() ?? '';
  const dtm = parseDtm(text);
  return dtm?.time !== undefined && dtm.offset === undefined ? [[`${text}${offset}`], ...repetition.slice(1)] : repetition;
}
