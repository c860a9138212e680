import { type Charset, type Delimiters, defaultDelimiters, latin1, utf8 } from '../../hl7/index.ts';

/** How one of the hospital's systems writes HL7. A patient's messages all come from one system, on one connection. */
export interface SenderStyle {
  readonly application: string;
  readonly facility: string;
  readonly version: string;
  readonly delimiters: Delimiters;
  readonly charset: Charset;
  /** MSH-18; empty where the system says nothing. */
  readonly charsetName: string;
  /** Offset of its clock's zone in minutes; null: it writes none and means UTC. */
  readonly offset: number | null;
  /** Share of the patients. */
  readonly share: number;
}

const byte = (character: string): number => character.charCodeAt(0);

export const senders: readonly SenderStyle[] = [
  {
    application: 'ADTMAIN',
    facility: 'SYNTHETIC',
    version: '2.5.1',
    delimiters: defaultDelimiters,
    charset: utf8,
    charsetName: 'UNICODE UTF-8',
    offset: 0,
    share: 0.7,
  },
  {
    application: 'KIS',
    facility: 'SYNTHETIC',
    version: '2.3',
    delimiters: defaultDelimiters,
    charset: latin1,
    charsetName: '',
    offset: null,
    share: 0.15,
  },
  {
    application: 'REGADT',
    facility: 'SYNTHETIC',
    version: '2.8',
    delimiters: {
      field: byte('#'),
      component: byte('*'),
      repetition: byte('!'),
      escape: byte('?'),
      subcomponent: byte('@'),
      truncation: 0,
    },
    charset: latin1,
    charsetName: '8859/1',
    offset: 330,
    share: 0.15,
  },
];

/** The system that a person is registered in; always the same one. */
export function senderOf(person: { readonly mrn: string }): SenderStyle {
  let left = (Number(person.mrn.slice(-3)) % 100) / 100;
  for (const sender of senders) {
    left -= sender.share;
    if (left < 0) return sender;
  }
  return senders[0] as SenderStyle;
}
