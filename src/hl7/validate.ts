import { type Finding, finding } from './finding.ts';
import { type IdentifierSystems, identifiersOf, type SystemValue, systemOf } from './identifier.ts';
import type { Message } from './message.ts';
import type { Sliced } from './sliced.ts';
import { instantOf, parseTimestamp, type Timestamp } from './timestamp.ts';

const versions = new Set([
  '2.1',
  '2.2',
  '2.3',
  '2.3.1',
  '2.4',
  '2.5',
  '2.5.1',
  '2.6',
  '2.7',
  '2.7.1',
  '2.8',
  '2.8.1',
  '2.8.2',
  '2.9',
  '2.9.1',
]);
const processingIds = new Set(['P', 'T', 'D']);
/** The longest HL7 allows in any version is 199 (MSH-10) and 250 (CX.1); indexes have limits, too. */
const maxControlId = 199;
const maxHeaderField = 227;
const maxIdentifier = 250;
const maxIdentifierField = 16 * 1024;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they have no place in an identifier, and stores refuse NUL.
const control = /[\x00-\x1f\x7f]/;

/** Type and event of a message: MSH-9.1 and MSH-9.2, the latter from EVN-1 where an old sender leaves it out. */
export function typeOf(message: Message): { readonly type: string; readonly event: string } {
  const msh9 = message.field('MSH', 9);
  return { type: msh9.component(1).text ?? '', event: msh9.component(2).text ?? message.field('EVN', 1).text ?? '' };
}

/** Rules for MSH of any message; the first check that fails of each field. */
export function validateHeader(message: Message): Finding[] {
  const found: Finding[] = [];
  const msh = (field: number, component?: number) => ({ segment: 'MSH', field, ...(component === undefined ? {} : { component }) });
  if (message.segment('MSH', 2)) found.push(finding('AORTA_HL7_012', { segment: 'MSH', sequence: 2 }));
  if (!message.field('MSH', 9).component(1).text) found.push(finding('AORTA_HL7_007', msh(9)));
  const controlId = message.field('MSH', 10);
  if (!controlId.text?.trim()) found.push(finding('AORTA_HL7_007', msh(10)));
  else if (controlId.size > maxControlId || control.test(controlId.text)) found.push(finding('AORTA_HL7_011', msh(10)));
  for (const n of [3, 4]) {
    const field = message.field('MSH', n);
    const odd = () =>
      control.test(field.raw.toString('latin1', 0, maxHeaderField + 1)) ||
      // Written as an escape (`\X00\`) it is in the text only.
      field.components().some(({ text = '' }) => control.test(text));
    if (field.size > maxHeaderField || odd()) found.push(finding('AORTA_HL7_011', msh(n)));
  }
  const processing = message.field('MSH', 11).component(1).text;
  if (processing === undefined) found.push(finding('AORTA_HL7_007', msh(11)));
  else if (!processingIds.has(processing)) found.push(finding('AORTA_HL7_005', msh(11)));
  const version = message.field('MSH', 12).component(1).text;
  if (version === undefined) found.push(finding('AORTA_HL7_007', msh(12)));
  else if (!versions.has(version)) found.push(finding('AORTA_HL7_006', msh(12)));
  if (message.charsetUnknown) found.push(finding('AORTA_HL7_009', msh(18)));
  return found;
}

/** Whether all bytes are characters of the message's charset. */
export function* validateCharset(message: Message): Sliced<Finding[]> {
  if (message.charsetUnknown) return [];
  // Converted to UTF-8 means that it was checked on the way.
  const converted = message.reading.text !== message.charset;
  if (!message.charsetBroken && (converted || (yield* message.charset.valid(message.reading.bytes)))) return [];
  return [finding('AORTA_HL7_010', { segment: 'MSH', field: 18 }, { charset: message.charset.name })];
}

export interface AdtRules {
  readonly events: ReadonlySet<string>;
  /** Zone of times that have no offset; IANA name. */
  readonly zone: string;
  readonly identifierSystems?: IdentifierSystems;
}

/** What ingress needs to know of an ADT message. */
export interface AdtFacts {
  readonly event: string;
  readonly controlId: string;
  /** `application|facility`. */
  readonly sender: string;
  readonly identifiers: readonly SystemValue[];
  /** Milliseconds since 1970: EVN-6, else EVN-2, else MSH-7. */
  readonly occurredAt: number;
}

/** The events that the ADT entry point takes. */
export const adtEvents: ReadonlySet<string> = new Set([...['A01', 'A02', 'A03', 'A04', 'A05', 'A08', 'A11', 'A12', 'A13', 'A28', 'A31']]);

const dates = [
  ['MSH', 7],
  ['EVN', 2],
  ['EVN', 6],
  ['PID', 7],
  ['PID', 29],
  ['PV1', 44],
  ['PV1', 45],
] as const;

/** Rules for ADT beyond those of MSH, and the facts of a message that breaks none. */
export function readAdt(
  message: Message,
  rules: AdtRules,
): { readonly facts: AdtFacts | undefined; readonly findings: readonly Finding[] } {
  const found: Finding[] = [];
  const { event } = typeOf(message);
  if (event === '') found.push(finding('AORTA_HL7_007', { segment: 'MSH', field: 9, component: 2 }));
  else if (!rules.events.has(event))
    return { facts: undefined, findings: [finding('AORTA_HL7_004', { segment: 'MSH', field: 9, component: 2 })] };

  const times = new Map<string, Timestamp>();
  for (const [segment, n] of dates) {
    const field = message.field(segment, n);
    const value = field.component(1).text;
    if (value === undefined) continue;
    const time = field.size > 64 ? undefined : parseTimestamp(value.trim());
    if (time) times.set(`${segment}-${n}`, time);
    else found.push(finding('AORTA_HL7_008', { segment, field: n }));
  }
  const occurred = times.get('EVN-6') ?? times.get('EVN-2') ?? times.get('MSH-7');
  if (!occurred && !found.some((f) => f.code === 'AORTA_HL7_008')) found.push(finding('AORTA_HL7_007', { segment: 'EVN', field: 2 }));

  const identifiers = readIdentifiers(message, rules, found);
  if (found.length > 0 || !occurred) return { facts: undefined, findings: found };
  const occurredAt = instantOf(occurred, rules.zone, times.get('MSH-7')?.offset ?? null);
  return {
    facts: { event, controlId: message.field('MSH', 10).text ?? '', sender: senderOf(message), identifiers, occurredAt },
    findings: [],
  };
}

/** `application|facility` (MSH-3, MSH-4). */
export const senderOf = (message: Message): string =>
  [message.field('MSH', 3), message.field('MSH', 4)].map((field) => field.component(1).text?.trim() ?? '').join('|');

/** The patient's identifiers (PID-3, or a field like it); what is wrong with them goes to `found`. */
export function readIdentifiers(
  message: Message,
  rules: AdtRules,
  found: Finding[],
  place: { readonly segment: string; readonly field: number } = { segment: 'PID', field: 3 },
): readonly SystemValue[] {
  if (!message.segment(place.segment)) {
    found.push(finding('AORTA_HL7_007', { segment: place.segment }));
    return [];
  }
  const field = message.field(place.segment, place.field);
  if (field.size > maxIdentifierField) {
    found.push(finding('AORTA_HL7_011', place));
    return [];
  }
  const own = systemOf(message.field('MSH', 4), rules.identifierSystems) ?? systemOf(message.field('MSH', 3), rules.identifierSystems);
  const identifiers = identifiersOf(field, rules.identifierSystems, own);
  if (identifiers.length === 0) found.push(finding('AORTA_HL7_007', place));
  for (const each of identifiers) {
    if (
      each.value.length <= maxIdentifier &&
      each.system.length <= maxIdentifier &&
      !control.test(each.value) &&
      !control.test(each.system)
    )
      continue;
    found.push(finding('AORTA_HL7_011', place));
    break;
  }
  return identifiers;
}
