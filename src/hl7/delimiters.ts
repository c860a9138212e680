import { error } from '../errors/index.ts';

/** The message's own separators, as bytes. HL7 v2.5.1 section 2.5.4. */
export interface Delimiters {
  readonly field: number;
  readonly component: number;
  readonly repetition: number;
  /** 0: MSH-2 names none, nothing is escaped. */
  readonly escape: number;
  /** 0: none. */
  readonly subcomponent: number;
  /** `#` as a rule, from v2.7 on; 0: none. */
  readonly truncation: number;
}

export const defaultDelimiters: Delimiters = {
  field: 0x7c,
  component: 0x5e,
  repetition: 0x7e,
  escape: 0x5c,
  subcomponent: 0x26,
  truncation: 0,
};

/** Printable ASCII that is neither letter, digit, space nor `"` (two of those mean "delete"). */
export const isSeparator = (byte: number): boolean =>
  byte > 0x20 &&
  byte < 0x7f &&
  byte !== 0x22 &&
  !(byte >= 0x30 && byte <= 0x39) &&
  !(byte >= 0x41 && byte <= 0x5a) &&
  !(byte >= 0x61 && byte <= 0x7a);

/** Where `MSH` starts: after a byte order mark or line ends, which some senders put in front; -1 without one. */
export function findHeader(bytes: Buffer): number {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (bytes[at] === 0x0d || bytes[at] === 0x0a) at++;
  return bytes[at] === 0x4d && bytes[at + 1] === 0x53 && bytes[at + 2] === 0x48 ? at : -1;
}

/**
 * Reads MSH-1 and MSH-2 at `header`. MSH-2 has one to five characters; what it does not name is not a delimiter.
 * Throws AORTA_HL7_002 when a character cannot be one or is used twice.
 */
export function readDelimiters(bytes: Buffer, header: number): Delimiters {
  const field = bytes[header + 3] ?? 0;
  if (!isSeparator(field)) throw error('AORTA_HL7_002', { problem: 'MSH-1 is not a separator' });
  const found: number[] = [];
  for (let at = header + 4; ; at++) {
    const byte = bytes[at];
    if (byte === field || byte === 0x0d || byte === 0x0a || byte === undefined) break;
    if (found.length === 5) throw error('AORTA_HL7_002', { problem: 'MSH-2 is longer than five characters' });
    if (!isSeparator(byte)) throw error('AORTA_HL7_002', { problem: 'MSH-2 holds a character that cannot separate' });
    if (found.includes(byte)) throw error('AORTA_HL7_002', { problem: 'MSH-2 holds a character twice' });
    found.push(byte);
  }
  if (found.length === 0) throw error('AORTA_HL7_002', { problem: 'MSH-2 is empty' });
  const [component = 0, repetition = 0, mark = 0, subcomponent = 0, truncation = 0] = found;
  return { field, component, repetition, escape: mark, subcomponent, truncation };
}

/** MSH-1 and MSH-2 as they stand in a message. */
export const headerText = (d: Delimiters): string =>
  String.fromCharCode(...[d.field, d.component, d.repetition, d.escape, d.subcomponent, d.truncation].filter((byte) => byte !== 0));
