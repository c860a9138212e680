import { type Delimiters, escapeText } from '../../hl7/index.ts';
import type { Person } from './people.ts';
import type { SenderStyle } from './sender.ts';
import type { BedName } from './wards.ts';

export interface AdtContent {
  readonly event: 'A01' | 'A02' | 'A03' | 'A08' | 'A11' | 'A12' | 'A13';
  readonly controlId: string;
  /** Milliseconds since 1970: when it happened. */
  readonly at: number;
  readonly person: Person;
  readonly visit: string;
  readonly service: string;
  readonly bed: BedName | undefined;
  readonly from?: BedName | undefined;
  readonly admittedAt: number;
  readonly disposition?: string;
}

/** Components of a field; text is escaped for the sender's delimiters when it is written. */
type Field = string | readonly string[];

/** The message as that system sends it: its delimiters, version, charset and zone. */
export function adtMessage(sender: SenderStyle, content: AdtContent): Buffer {
  const { delimiters: d, offset } = sender;
  const { person, bed, from, event } = content;
  const time = (at: number) => dtm(at, offset);
  const at = time(content.at);
  const header: Field[] = [
    sender.application,
    sender.facility,
    'AORTA',
    'HUB',
    at,
    '',
    messageType(sender.version, event),
    content.controlId,
    'T',
    sender.version,
    '',
    '',
    '',
    '',
    '',
    sender.charsetName,
  ];
  const location = (place: BedName | undefined): Field => (place ? [place.ward, place.room, place.bed, sender.facility] : '');
  const segments = [
    `MSH${mark(d.field)}${[d.component, d.repetition, d.escape, d.subcomponent].map(mark).join('')}${mark(d.field)}${header.map((field) => written(field, d)).join(mark(d.field))}`,
    segment(d, 'EVN', [event, at]),
    segment(d, 'PID', [
      '1',
      '',
      [person.mrn, '', '', sender.facility, 'MR'],
      '',
      [person.family, person.given, '', '', '', '', 'L'],
      '',
      person.born,
      person.sex,
      '',
      '',
      [person.street, '', 'Sampletown', '', '9999', 'CHE', 'H'],
      '',
      ['', 'PRN', 'PH', '', '', '', person.phone],
      '',
      '',
      person.marital,
    ]),
    segment(d, 'PV1', [
      '1',
      bed?.ward === 'ER' ? 'E' : 'I',
      location(bed),
      '',
      '',
      location(from),
      '',
      '',
      '',
      content.service,
      '',
      '',
      '',
      '',
      '',
      '',
      '',
      '',
      [content.visit, '', '', sender.facility, 'VN'],
      ...Array<Field>(16).fill(''),
      content.disposition ?? '',
      '',
      '',
      '',
      '',
      '',
      '',
      '',
      time(content.admittedAt),
      event === 'A03' ? at : '',
    ]),
  ];
  return sender.charset.encode(`${segments.join('\r')}\r`);
}

const structures = {
  A01: 'ADT_A01',
  A02: 'ADT_A02',
  A03: 'ADT_A03',
  A08: 'ADT_A01',
  A11: 'ADT_A09',
  A12: 'ADT_A12',
  A13: 'ADT_A01',
} as const;

/** MSH-9; the structure came with 2.3.1. */
const messageType = (version: string, event: AdtContent['event']): Field =>
  version === '2.3' ? ['ADT', event] : ['ADT', event, structures[event]];

const mark = (byte: number): string => String.fromCharCode(byte);

const written = (field: Field, d: Delimiters): string =>
  typeof field === 'string' ? escapeText(field, d) : field.map((part) => escapeText(part, d)).join(mark(d.component));

function segment(d: Delimiters, name: string, fields: readonly Field[]): string {
  const texts = fields.map((field) => written(field, d));
  while (texts.at(-1) === '') texts.pop();
  return [name, ...texts].join(mark(d.field));
}

/** To the millisecond, so that two events of a patient never have the same time. */
function dtm(at: number, offset: number | null): string {
  const text = new Date(at + (offset ?? 0) * 60_000).toISOString().replace(/[-:TZ]/g, '');
  if (offset === null) return text;
  const size = Math.abs(offset);
  return `${text}${offset < 0 ? '-' : '+'}${String(Math.floor(size / 60)).padStart(2, '0')}${String(size % 60).padStart(2, '0')}`;
}
