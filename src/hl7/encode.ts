import type { Delimiters } from './delimiters.ts';
import { escapeText } from './escape.ts';
import type { Message } from './message.ts';
import { type PathText, parsePath } from './path.ts';
import type { Segment } from './segment.ts';
import { atOnce } from './sliced.ts';

/** Fields of a segment from the first on: repetition, component, subcomponent, each as raw bytes (latin1 text). */
type Pieces = string[][][][];

/**
 * Writes the message from its parts again: byte for byte what was read, terminators, unknown escape sequences and what
 * is no segment included.
 */
export const encode = (message: Message): Buffer => write(message, new Map());

/**
 * The message with some values changed and all else as it was. A value is text (escaped and encoded here), `null`
 * (written `""`: delete) or `` (empty). A place past the end of a segment is made; an absent segment is not.
 * Throws AORTA_HL7_020, AORTA_HL7_021.
 */
export function edit(message: Message, changes: Readonly<Partial<Record<PathText, string | null>>>): Buffer {
  const changed = new Map<Segment, Pieces>();
  for (const [text, value] of Object.entries(changes)) {
    if (value === undefined) continue;
    const path = parsePath(text);
    const segment = message.segment(path.segment, path.occurrence);
    if (!segment) continue;
    let pieces = changed.get(segment);
    if (!pieces) {
      pieces = take(segment);
      changed.set(segment, pieces);
    }
    const raw = value === null ? '""' : message.reading.text.encode(escapeText(value, message.delimiters)).toString('latin1');
    set(pieces, fieldIndex(segment, path.field), path.repetition, path.component, path.subcomponent, raw);
  }
  return write(message, changed);
}

/** MSH-1 is not among the pieces: it is the separator between them. */
const fieldIndex = (segment: Segment, field: number): number => Math.max(0, field - segment.firstField);

function take(segment: Segment): Pieces {
  const pieces: Pieces = [];
  for (let n = segment.firstField; n <= segment.length; n++) {
    pieces.push(
      segment
        .field(n)
        .repetitions()
        .map((r) => r.components().map((c) => c.subcomponents().map((s) => s.raw.toString('latin1')))),
    );
  }
  return pieces;
}

/** A value at a coarser place takes the place of everything below it. */
function set(
  pieces: Pieces,
  field: number,
  repetition: number | undefined,
  component: number | undefined,
  subcomponent: number | undefined,
  raw: string,
): void {
  while (pieces.length <= field) pieces.push([[['']]]);
  const repetitions = pieces[field];
  if (!repetitions) return;
  if (repetition === undefined && component === undefined) {
    pieces[field] = [[[raw]]];
    return;
  }
  const r = (repetition ?? 1) - 1;
  while (repetitions.length <= r) repetitions.push([['']]);
  const components = repetitions[r];
  if (!components) return;
  if (component === undefined) {
    repetitions[r] = [[raw]];
    return;
  }
  while (components.length < component) components.push(['']);
  const subcomponents = components[component - 1];
  if (!subcomponents) return;
  if (subcomponent === undefined) {
    components[component - 1] = [raw];
    return;
  }
  while (subcomponents.length < subcomponent) subcomponents.push('');
  subcomponents[subcomponent - 1] = raw;
}

function join(name: string, pieces: Pieces, d: Delimiters): string {
  const mark = (byte: number) => (byte === 0 ? '' : String.fromCharCode(byte));
  const [field, repetition, component, subcomponent] = [d.field, d.repetition, d.component, d.subcomponent].map(mark) as [
    string,
    string,
    string,
    string,
  ];
  return [name, ...pieces.map((f) => f.map((r) => r.map((c) => c.join(subcomponent)).join(component)).join(repetition))].join(field);
}

function write(message: Message, changed: ReadonlyMap<Segment, Pieces>): Buffer {
  const { bytes, text, charset } = message.reading;
  const out: Buffer[] = [];
  let from = 0;
  for (const segment of message.segments()) {
    out.push(bytes.subarray(from, segment.start));
    const named = message.isNamed(segment);
    out.push(named ? Buffer.from(join(segment.name, changed.get(segment) ?? take(segment), message.delimiters), 'latin1') : segment.raw);
    from = segment.end;
  }
  out.push(bytes.subarray(from));
  const whole = Buffer.concat(out);
  if (text === charset) return whole;
  // One text has several spellings in such sets (redundant escape sequences of ISO 2022): what is unchanged keeps its own.
  // Unless the text is not the one that was received, as when somebody made a message of other bytes of this one.
  const received = atOnce(charset.toUtf8(message.original))?.equals(bytes) ?? false;
  if (received && whole.equals(bytes)) return Buffer.from(message.original);
  return (received ? respelled(message, changed) : undefined) ?? charset.encode(whole.toString());
}

const isLineEnd = (byte: number | undefined): boolean => byte === 0x0d || byte === 0x0a;

/**
 * As `write`, for a message that was turned into UTF-8: segments without a change as they stand in the original, found by
 * counting line ends, which are the same bytes in every set. Undefined when something else stands between segments.
 */
function respelled(message: Message, changed: ReadonlyMap<Segment, Pieces>): Buffer | undefined {
  const { original, charset, reading, delimiters } = message;
  const out: Buffer[] = [];
  let from = 0;
  let at = 0;
  for (const segment of message.segments()) {
    const between = reading.bytes.subarray(from, segment.start);
    if (!between.every(isLineEnd)) return undefined;
    out.push(between);
    at += between.length;
    const start = at;
    for (let left = segment.raw.filter(isLineEnd).length; at < original.length; at++) if (isLineEnd(original[at]) && left-- === 0) break;
    const pieces = changed.get(segment);
    out.push(
      pieces ? charset.encode(Buffer.from(join(segment.name, pieces, delimiters), 'latin1').toString()) : original.subarray(start, at),
    );
    from = segment.end;
  }
  out.push(original.subarray(at));
  return Buffer.concat(out);
}
