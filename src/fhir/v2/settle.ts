import { type Dtm, offsetAt, parseDtm, toDate } from './datetime.ts';
import { deleteMark, first, type V2Facts, type V2Field, type V2Repetition } from './field.ts';

/** What a message says once for all its fields. */
export interface MessageDefaults {
  /** MSH-4, else MSH-3 (an HD: namespace, universal id, type): the authority of its numbers and the site of its places. */
  readonly facility: readonly string[];
  /** MSH-7: where it has an offset, that is the default of the whole message (HL7 v2.5.1, 2.15.9.7). */
  readonly sentAt?: string;
  /** Zone of the sender's times without an offset, where it is not that of the mapping. */
  readonly zone?: string;
}

const numbers = new Set(['PID-2', 'PID-3', 'PID-4', 'PV1-5', 'PV1-19', 'PV1-50', 'PV1-54', 'PID-21', 'MRG-1', 'MRG-3', 'MRG-5']);
const places = new Set(['PV1-3', 'PV1-6', 'PV1-11', 'PV1-42']);
/** Numbers of the sender's own system: EI, whose authority is in components 2 to 4. */
const entities = new Set(['ORC-3', 'OBR-3', 'OBX-21']);
const times = new Set([
  ...['PID-7', 'PID-29', 'PV1-44', 'PV1-45', 'PV2-8', 'PV2-9', 'NK1-8', 'NK1-9', 'NK1-16', 'AL1-6', 'DG1-5', 'DG1-19'],
  ...['OBR-7', 'OBR-8', 'OBR-14', 'OBR-22', 'OBR-6', 'ORC-9', 'OBX-14', 'OBX-19', 'SPM-17', 'SPM-18', 'NTE-6'],
]);

/**
 * Makes facts mean the same outside their message: numbers without an authority (CX.4) and places without a facility
 * (PL.4) get the sender's, times without an offset that of MSH-7, else that of the sender's own zone.
 */
export function settle(facts: V2Facts, defaults: MessageDefaults): V2Facts {
  const offset = offsetOf(defaults);
  const settled: Record<string, V2Field> = {};
  for (const [name, field] of Object.entries(facts)) {
    if (numbers.has(name) || places.has(name)) settled[name] = field.map((repetition) => withFourth(repetition, defaults.facility));
    else if (entities.has(name)) settled[name] = field.map((repetition) => withAuthority(repetition, defaults.facility));
    else if (offset && (times.has(name) || (name === 'OBX-5' && /^(TS|DTM|DR)$/.test(first(facts, 'OBX-2') ?? ''))))
      settled[name] = field.map((repetition) => withOffset(repetition, offset));
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

/** EI.2 to EI.4. */
function withAuthority(repetition: V2Repetition, facility: readonly string[]): V2Repetition {
  const named = repetition.slice(1, 4).some((component) => component[0]?.trim());
  if (named || !repetition[0]?.[0]?.trim() || repetition[0][0] === deleteMark) return repetition;
  return [repetition[0], [facility[0] ?? ''], [facility[1] ?? ''], [facility[2] ?? '']];
}

/** Of a time without one; undefined where neither the message nor the sender's zone has it. */
function offsetOf({ sentAt, zone }: MessageDefaults): ((time: Dtm, text: string) => string) | undefined {
  const sent = parseDtm(sentAt)?.offset;
  if (sent !== undefined) return () => sent.replace(':', '');
  if (zone === undefined) return undefined;
  return ({ time = '' }, text) => offsetAt(`${toDate(text)}T${time.slice(0, 8).replace(':60', ':59')}`, zone).replace(':', '');
}

/** The first two components: TS and DTM have one, DR has two. */
function withOffset(repetition: V2Repetition, offset: (time: Dtm, text: string) => string): V2Repetition {
  return repetition.map((component, index) => {
    const text = component[0]?.trim() ?? '';
    const dtm = index < 2 ? parseDtm(text) : undefined;
    return dtm?.time !== undefined && dtm.offset === undefined ? [`${text}${offset(dtm, text)}`] : component;
  });
}
