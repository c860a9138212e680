import { error } from '../errors/index.ts';
import { type Charset, charsetOfField, latin1, utf8 } from './charset.ts';
import { type Delimiters, defaultDelimiters, findHeader, isSeparator, readDelimiters } from './delimiters.ts';
import { Element, level, type Reading } from './element.ts';
import { find } from './find.ts';
import { type PathText, parsePath } from './path.ts';
import { Segment } from './segment.ts';
import { atOnce, inTurns, type Sliced } from './sliced.ts';

/**
 * An HL7 v2 message (ER7), read lazily from its bytes: nothing is decoded and no segment beyond the last one asked for
 * is looked at, so that the size of a message does not matter to whoever reads its first segments.
 *
 * Segments end with CR, CRLF, or a lone LF that a segment header follows (a lone LF inside text stays text).
 * Names are three bytes; what lies between terminators and is no segment header belongs to no segment.
 */
export interface ParseOptions {
  /** Charset of messages whose MSH-18 is empty. @default ISO-8859-1 */
  readonly charset?: Charset;
  /** The charset of all messages, whatever their MSH-18 says. */
  readonly override?: Charset;
  /** Charsets by sender: decides on the header (MSH-3, MSH-4), which is read as ISO-8859-1; comes before the two above. */
  readonly bySender?: (header: Message) => Pick<ParseOptions, 'charset' | 'override'> | undefined;
  /** Segments that may be looked at before AORTA_HL7_013. @default 50_000 */
  readonly maxSegments?: number;
}

const defaultMaxSegments = 50_000;
const nearBytes = 512;
const largeRest = 256 * 1024;

export class Message {
  /** As received. */
  readonly original: Buffer;
  readonly reading: Reading;
  /** MSH-18 names a set that is not known here: read as the default. */
  readonly charsetUnknown: boolean;
  /** The bytes are not text of the declared charset: read byte by byte, delimiters may be mistaken. */
  readonly charsetBroken: boolean;
  readonly #maxSegments: number;
  readonly #names: number[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #segments: (Segment | undefined)[] = [];
  /** Where the next segment starts. */
  #next: number;
  /** The next CR at or after `#next`, as far as known: searched once, or a message of LFs would be read again and again. */
  #carriageReturn = -1;
  #bodyStart = -1;

  constructor(original: Buffer, header: number, reading: Reading, unknown: boolean, broken: boolean, maxSegments: number) {
    this.original = original;
    this.reading = reading;
    this.charsetUnknown = unknown;
    this.charsetBroken = broken;
    this.#maxSegments = maxSegments;
    this.#next = header;
  }

  /** The same message with other content: what it is read from, not what was received. */
  withBytes(bytes: Buffer): Message {
    const header = Math.max(0, findHeader(bytes));
    return new Message(this.original, header, { ...this.reading, bytes }, this.charsetUnknown, this.charsetBroken, this.#maxSegments);
  }

  get delimiters(): Delimiters {
    return this.reading.delimiters;
  }

  get charset(): Charset {
    return this.reading.charset;
  }

  /** Occurrence `n` (from 1) of the segment. Throws AORTA_HL7_013 past the limit of segments. */
  segment(name: string, n = 1): Segment | undefined {
    const code = codeOf(name);
    let left = n;
    let looked = false;
    for (let at = 0; ; at++) {
      if (at === this.#names.length) {
        if (!looked && !this.#mayFollow(name)) return undefined;
        looked = this.#names.length > 0;
        if (!this.#scan()) return undefined;
      }
      if (this.#names[at] === code && --left === 0) return this.#at(at);
    }
  }

  /** False when a large rest surely has no such segment: one native search instead of an index of thousands. */
  #mayFollow(name: string): boolean {
    const { bytes, delimiters } = this.reading;
    if (this.#names.length === 0 || bytes.length - this.#next < largeRest) return true;
    const head = `${name}${String.fromCharCode(delimiters.field)}`;
    // With its terminator in front: a rest full of names inside text must not be looked at place by place.
    return bytes.includes(`\r${head}`, this.#next - 1, 'latin1') || bytes.includes(`\n${head}`, this.#next - 1, 'latin1');
  }

  /** Whether it starts with a segment name; other lines are kept, but have no fields. */
  isNamed(segment: Segment): boolean {
    return isHeader(this.reading.bytes, segment.start, this.delimiters.field, segment.end);
  }

  *segments(name?: string): Generator<Segment> {
    const code = name === undefined ? undefined : codeOf(name);
    for (let at = 0; ; at++) {
      if (at === this.#names.length && !this.#scan()) return;
      if (code === undefined || this.#names[at] === code) yield this.#at(at);
    }
  }

  /** A field of the first such segment: the fast way to one value. */
  field(segment: string, n: number): Element {
    return this.segment(segment)?.field(n) ?? new Element(this.reading, 0, -1, level.field);
  }

  /** The element at a path such as `PID-3[2].4.2`; absent when the message does not have it. Throws AORTA_HL7_021. */
  get(path: PathText): Element {
    const p = parsePath(path);
    let element = this.segment(p.segment, p.occurrence)?.field(p.field) ?? new Element(this.reading, 0, -1, level.field);
    if (p.repetition !== undefined) element = element.repetition(p.repetition);
    if (p.component !== undefined) element = element.component(p.component);
    if (p.subcomponent !== undefined) element = element.subcomponent(p.subcomponent);
    return element;
  }

  /** Text at a path: decoded, unescaped; undefined when absent, empty or `""`. */
  text(path: PathText): string | undefined {
    return this.get(path).text;
  }

  /** End of the MSH segment's terminator: what comes after it makes the message's content. */
  get bodyStart(): number {
    if (this.#bodyStart < 0) this.#scan();
    return this.#bodyStart;
  }

  #at(index: number): Segment {
    let segment = this.#segments[index];
    if (!segment) {
      const start = this.#starts[index] ?? 0;
      segment = new Segment(this.reading, this.reading.bytes.toString('latin1', start, start + 3), start, this.#ends[index] ?? start);
      this.#segments[index] = segment;
    }
    return segment;
  }

  /** Indexes one more segment; false at the end. */
  #scan(): boolean {
    const { bytes } = this.reading;
    const separator = this.reading.delimiters.field;
    let start = this.#next;
    while (bytes[start] === 0x0d || bytes[start] === 0x0a) start++;
    this.#next = start;
    if (start >= bytes.length) return false;
    if (this.#names.length >= this.#maxSegments) throw error('AORTA_HL7_013', { limit: this.#maxSegments });
    const end = this.#endFrom(start);
    this.#names.push(isHeader(bytes, start, separator, end) ? packed(bytes, start) : 0);
    this.#starts.push(start);
    this.#ends.push(end);
    if (this.#bodyStart < 0) this.#bodyStart = this.#next;
    return true;
  }

  /** End of the segment that starts at `start`; moves on to the next one. */
  #endFrom(start: number): number {
    const { bytes } = this.reading;
    // Most segments are short: a plain loop finds their end faster than native calls.
    const near = Math.min(start + nearBytes, bytes.length);
    let from = start;
    for (; from < near; from++) {
      const byte = bytes[from];
      if (byte === 0x0d) return this.#endAtReturn(from);
      if (byte === 0x0a && this.#endsAt(from)) return this.#endAtFeed(from);
    }
    if (this.#carriageReturn < from) {
      const at = bytes.indexOf(0x0d, from);
      this.#carriageReturn = at < 0 ? bytes.length : at;
    }
    for (let lf = find(bytes, 0x0a, from, this.#carriageReturn); lf >= 0; lf = find(bytes, 0x0a, lf + 1, this.#carriageReturn)) {
      if (this.#endsAt(lf)) return this.#endAtFeed(lf);
    }
    return this.#endAtReturn(this.#carriageReturn);
  }

  #endAtReturn(cr: number): number {
    this.#next = this.reading.bytes[cr + 1] === 0x0a ? cr + 2 : cr + 1;
    return cr;
  }

  #endAtFeed(lf: number): number {
    this.#next = lf + 1;
    return lf;
  }

  /** Whether a lone line feed ends a segment: at the end, before another line end, before a segment header. */
  #endsAt(lf: number): boolean {
    const { bytes } = this.reading;
    const after = bytes[lf + 1];
    return after === undefined || after === 0x0a || isHeader(bytes, lf + 1, this.reading.delimiters.field, bytes.length);
  }
}

const codeOf = (name: string): number => (name.charCodeAt(0) << 16) | (name.charCodeAt(1) << 8) | name.charCodeAt(2);
const packed = (bytes: Buffer, at: number): number => ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);

const isUpper = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x41 && byte <= 0x5a;
const isUpperOrDigit = (byte: number | undefined): boolean => isUpper(byte) || (byte !== undefined && byte >= 0x30 && byte <= 0x39);

/** Three capitals or digits, then a separator or the segment's end. */
function isHeader(bytes: Buffer, at: number, separator: number, end: number): boolean {
  if (at + 3 > end || !isUpper(bytes[at]) || !isUpperOrDigit(bytes[at + 1]) || !isUpperOrDigit(bytes[at + 2])) return false;
  const after = bytes[at + 3];
  return at + 3 === end || after === separator || after === 0x0d || after === 0x0a;
}

/**
 * Reads a message. Throws AORTA_HL7_001 (no MSH) and AORTA_HL7_002 (delimiters); nothing that a field holds makes it
 * throw. Charsets that are not ASCII-safe are turned into UTF-8 first; for large bodies use `parseInTurns`.
 */
export const parse = (bytes: Buffer, options: ParseOptions = {}): Message => atOnce(read(bytes, options));

/** As `parse`, without holding the event loop for a large body. */
export const parseInTurns = (bytes: Buffer, options: ParseOptions = {}, soon?: (fn: () => void) => void): Promise<Message> =>
  inTurns(read(bytes, options), soon);

function* read(bytes: Buffer, options: ParseOptions): Sliced<Message> {
  const header = findHeader(bytes);
  if (header < 0) throw error('AORTA_HL7_001', { problem: 'it does not start with MSH' });
  const delimiters = readDelimiters(bytes, header);
  const maxSegments = options.maxSegments ?? defaultMaxSegments;
  const draft = new Message(bytes, header, { bytes, delimiters, charset: latin1, text: latin1 }, false, false, maxSegments);
  const own = options.bySender?.(draft);
  const fallback = own?.charset ?? options.charset ?? latin1;
  const override = own?.override ?? options.override;
  const named = draft.field('MSH', 18);
  const found = named.size === 0 ? undefined : namedCharset(named);
  const unknown = found === 'unknown' && override === undefined;
  const charset = override ?? (found === undefined || found === 'unknown' ? fallback : found);
  if (charset.asciiSafe) return new Message(bytes, header, { bytes, delimiters, charset, text: charset }, unknown, false, maxSegments);
  const converted = yield* charset.toUtf8(bytes);
  if (converted)
    return new Message(
      bytes,
      Math.max(0, findHeader(converted)),
      { bytes: converted, delimiters, charset, text: utf8 },
      unknown,
      false,
      maxSegments,
    );
  return new Message(bytes, header, { bytes, delimiters, charset, text: charset }, unknown, true, maxSegments);
}

/** Senders name few charsets, and name them in every message. */
const namedBefore = new Map<string, ReturnType<typeof charsetOfField>>();

function namedCharset(field: Element): ReturnType<typeof charsetOfField> {
  const read = (): ReturnType<typeof charsetOfField> =>
    charsetOfField(field.repetitions().map((r) => (r.state === 'value' ? r.raw.toString('latin1') : '')));
  if (field.size > 64) return read();
  // With the mark that separates its repetitions: the same text means other sets under another one.
  const key = `${field.reading.delimiters.repetition} ${field.raw.toString('latin1')}`;
  if (namedBefore.has(key)) return namedBefore.get(key);
  const found = read();
  if (namedBefore.size < 256) namedBefore.set(key, found);
  return found;
}

/**
 * What can be made out of bytes that `parse` refuses: MSH after other lines, the usual delimiters where MSH-2 is not
 * usable. For the answer only (MSH-10, MSH-3 to 6). Undefined when no MSH is near the start.
 */
export function salvage(bytes: Buffer): Message | undefined {
  const header = findAnyHeader(bytes);
  if (header < 0) return undefined;
  const field = bytes[header + 3] ?? 0;
  const usable = isSeparator(field) && ![0x5e, 0x7e, 0x5c, 0x26].includes(field);
  if (!usable) return undefined;
  const reading = { bytes, delimiters: { ...defaultDelimiters, field }, charset: latin1, text: latin1 };
  return new Message(bytes, header, reading, false, false, defaultMaxSegments);
}

function findAnyHeader(bytes: Buffer): number {
  const near = bytes.subarray(0, 4096);
  for (let at = near.indexOf('MSH'); at >= 0; at = near.indexOf('MSH', at + 1)) {
    const before = near[at - 1];
    if (before === undefined || before === 0x0d || before === 0x0a || before === 0xbf) return at;
  }
  return -1;
}
