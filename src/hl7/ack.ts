import type { Condition } from './condition.ts';
import { conditions } from './condition.ts';
import { type Delimiters, defaultDelimiters, headerText } from './delimiters.ts';
import { escapeText } from './escape.ts';
import type { Location } from './finding.ts';
import type { Message } from './message.ts';
import { timestampText } from './timestamp.ts';

/** HL7 table 0008: A. of the original mode and of the application, C. of the accept level in enhanced mode. */
export type AckCode = 'AA' | 'AE' | 'AR' | 'CA' | 'CE' | 'CR';

export interface AckError {
  readonly condition: Condition;
  readonly severity: 'E' | 'W' | 'I';
  readonly location?: Location | undefined;
  /** Our own error code (ERR-5). */
  readonly code: string;
  /** For a person (ERR-8); no PHI. */
  readonly message: string;
}

export interface Ack {
  /** The message that is answered; undefined when none could be made out: MSA-2 is then empty. */
  readonly to: Message | undefined;
  readonly code: AckCode;
  /** MSH-10 of the answer, at most 20 characters. */
  readonly controlId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly errors?: readonly AckError[];
  /** Writes NE into MSH-15 and MSH-16, as enhanced mode asks for: an acknowledgement wants none for itself. */
  readonly enhanced?: boolean;
}

const maxErrors = 20;

/** Whether the message is itself an acknowledgement: those are never answered. */
export const isAck = (message: Message): boolean =>
  message.field('MSH', 9).component(1).text === 'ACK' || message.segment('MSA') !== undefined;

/**
 * Builds the acknowledgement in the sender's delimiters and charset: MSH-3/4 and MSH-5/6 change places, MSH-11, MSH-12
 * and MSH-18 come back as they were, MSA-2 is the sender's MSH-10, one ERR segment per error. HL7 v2.5.1 section 2.14.
 */
export function buildAck(ack: Ack): Buffer {
  const d = ack.to?.delimiters ?? defaultDelimiters;
  const separator = String.fromCharCode(d.field);
  const component = d.component === 0 ? '^' : String.fromCharCode(d.component);
  const mirror = (n: number, otherwise = '') => (ack.to && mirrored(ack.to, n)) || otherwise;
  const event = ack.to ? (mirroredEvent(ack.to) ?? '') : '';
  const type = event === '' ? 'ACK' : ['ACK', event, 'ACK'].join(component);
  const version = ack.to?.field('MSH', 12).component(1).text ?? '2.5';
  const header = [
    `MSH${headerText(d)}`,
    mirror(5),
    mirror(6),
    mirror(3),
    mirror(4),
    timestampText(ack.at),
    '',
    type,
    ack.controlId,
    mirror(11, 'P'),
    mirror(12, '2.5'),
    '',
    '',
    ...(ack.enhanced ? ['NE', 'NE'] : ['', '']),
    '',
    mirror(18),
  ];
  const errors = (ack.errors ?? []).slice(0, maxErrors);
  const lines = [
    withoutLast(header.join(separator), d.field),
    ['MSA', ack.code, mirror(10), ...(errors[0] ? [escapeText(conditions[errors[0].condition], d)] : [])].join(separator),
    ...errors.map((each) => errorSegment(each, d, separator, component, version)),
  ];
  return Buffer.from(`${lines.join('\r')}\r`, 'latin1');
}

/** No separators at its end. */
function withoutLast(text: string, separator: number): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === separator) end--;
  return text.slice(0, end);
}

/** ERR as of v2.5; before, ERR-1 held place and code in one, so older senders get that as well. */
export function errorSegment(each: AckError, d: Delimiters, separator: string, component: string, version: string): string {
  const at = each.location;
  const place = at
    ? [at.segment, at.sequence ?? 1, at.field, at.field === undefined ? undefined : (at.repetition ?? 1), at.component, at.subcomponent]
        .map((part) => part ?? '')
        .join(component)
        .replace(new RegExp(`\\${component}+$`), '')
    : '';
  const old = /^2\.[0-4]/.test(version) && at ? [at.segment, at.sequence ?? 1, at.field ?? '', each.condition].join(component) : '';
  const condition = [each.condition, escapeText(conditions[each.condition], d), 'HL70357'].join(component);
  return ['ERR', old, place, condition, each.severity, escapeText(each.code, d), '', '', escapeText(each.message, d)].join(separator);
}

/** Bytes (as latin1) of a header field as it goes back: never what could end the segment or the frame, never huge. */
function mirrored(message: Message, n: number): string {
  return safe(message, message.field('MSH', n).raw);
}

function mirroredEvent(message: Message): string | undefined {
  const event = safe(message, message.field('MSH', 9).component(2).raw);
  if (event !== '') return event;
  try {
    return safe(message, message.field('EVN', 1).raw) || undefined;
  } catch {
    // More segments than are looked at: that is what the answer is about.
    return undefined;
  }
}

function safe(message: Message, raw: Buffer): string {
  if (raw.length === 0 || raw.length > 1024) return '';
  let bytes = raw;
  if (message.reading.text !== message.charset) {
    try {
      bytes = message.charset.encode(raw.toString());
    } catch {
      return '';
    }
  }
  return safeText(bytes);
}

/** Bytes (as latin1) that may stand in an answer: none that would end the segment or the frame, never huge. */
export function safeText(bytes: Buffer): string {
  if (bytes.length === 0 || bytes.length > 1024) return '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these very bytes would break the frame or the segment.
  return bytes.toString('latin1').replace(/[\x0a\x0b\x0d\x1c]/g, '');
}
