import { latin1 } from './charset.ts';
import { type Delimiters, findHeader, isSeparator, readDelimiters } from './delimiters.ts';
import { Segment } from './segment.ts';
import { type Sliced, sliceBytes } from './sliced.ts';

/** FHS, BHS, BTS or FTS. Its delimiters are its own header's; `field` as in a message. */
export interface BatchSegment {
  readonly kind: 'FHS' | 'BHS' | 'BTS' | 'FTS';
  readonly segment: Segment;
  readonly delimiters: Delimiters;
}

export interface BatchMessage {
  readonly kind: 'message';
  /** From MSH to the last byte before what follows. A view, not a copy. */
  readonly content: Buffer;
}

/** A line that belongs to no message. */
export interface BatchStray {
  readonly kind: 'stray';
}

export type BatchPart = BatchSegment | BatchMessage | BatchStray;

const names = ['FHS', 'BHS', 'BTS', 'FTS'] as const;

/**
 * Whether bytes may hold more than one message, or a batch: FHS or BHS in front, or a second line that begins with MSH.
 * Native searches only; `batchParts` then says what there is.
 */
export function mayBeBatch(bytes: Buffer): boolean {
  const start = lineStart(bytes);
  if (isName(bytes, start, 'FHS') || isName(bytes, start, 'BHS')) return true;
  if (findHeader(bytes) < 0) return false;
  return bytes.includes('\rMSH', start, 'latin1') || bytes.includes('\nMSH', start, 'latin1');
}

/**
 * Cuts a file or batch into its parts (HL7 v2.5.1 section 2.10.3), in time linear in the bytes: a line that begins with
 * MSH and a separator begins a message, FHS, BHS, BTS and FTS stand for themselves, all other lines belong to the
 * message before them.
 *
 * Lines end with CR or CRLF; with LF only where the first line does. Otherwise a line feed inside a text that quotes a
 * message would make a message of what a person wrote.
 *
 * Undefined when there are more than `limit` parts.
 */
export function* batchParts(bytes: Buffer, limit: number): Sliced<readonly BatchPart[] | undefined> {
  const parts: BatchPart[] = [];
  const start = lineStart(bytes);
  const end = terminatorOf(bytes, start);
  let delimiters: Delimiters | undefined;
  let message = -1;
  let pause = start + sliceBytes;
  const close = (at: number): void => {
    if (message >= 0) parts.push({ kind: 'message', content: bytes.subarray(message, at) });
    message = -1;
  };
  for (let at = start; at < bytes.length; ) {
    const found = bytes.indexOf(end, at);
    const stop = found < 0 ? bytes.length : found;
    const kind = names.find((name) => isName(bytes, at, name));
    if (isName(bytes, at, 'MSH')) {
      close(at);
      message = at;
    } else if (kind) {
      close(at);
      if (kind === 'FHS' || kind === 'BHS') delimiters = delimitersAt(bytes, at);
      if (delimiters) parts.push(segmentOf(kind, bytes.subarray(at, stop), delimiters));
      else parts.push({ kind: 'stray' });
    } else if (message < 0 && stop > at && bytes[at] !== 0x0a) parts.push({ kind: 'stray' });
    if (parts.length > limit) return undefined;
    at = stop + 1;
    while (bytes[at] === 0x0d || bytes[at] === 0x0a) at++;
    if (at < pause) continue;
    pause = at + sliceBytes;
    yield;
  }
  close(bytes.length);
  return parts.length > limit ? undefined : parts;
}

/** FHS or BHS in front, if there is one. */
export function batchHeader(bytes: Buffer): BatchSegment | undefined {
  const start = lineStart(bytes);
  const kind = (['FHS', 'BHS'] as const).find((name) => isName(bytes, start, name));
  const delimiters = kind && delimitersAt(bytes, start);
  if (!delimiters) return undefined;
  const found = bytes.indexOf(terminatorOf(bytes, start), start);
  return segmentOf(kind, bytes.subarray(start, found < 0 ? bytes.length : found), delimiters);
}

/** Delimiters of a header whose MSH-2 like field is unusable are the usual ones: the fault is reported by its messages. */
function delimitersAt(bytes: Buffer, at: number): Delimiters | undefined {
  try {
    return readDelimiters(bytes, at);
  } catch {
    return undefined;
  }
}

const segmentOf = (kind: BatchSegment['kind'], line: Buffer, delimiters: Delimiters): BatchSegment => ({
  kind,
  segment: new Segment({ bytes: line, delimiters, charset: latin1, text: latin1 }, kind, 0, line.length),
  delimiters,
});

/** First byte that is neither part of a byte order mark nor a line end. */
function lineStart(bytes: Buffer): number {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (bytes[at] === 0x0d || bytes[at] === 0x0a) at++;
  return at;
}

/** CR unless the first line ends with a lone LF. */
function terminatorOf(bytes: Buffer, start: number): number {
  const feed = bytes.indexOf(0x0a, start);
  if (feed < 0) return 0x0d;
  const back = bytes.subarray(start, feed).indexOf(0x0d);
  return back < 0 ? 0x0a : 0x0d;
}

/** The name, then a separator or the line's end. */
function isName(bytes: Buffer, at: number, name: string): boolean {
  if (bytes[at] !== name.charCodeAt(0) || bytes[at + 1] !== name.charCodeAt(1) || bytes[at + 2] !== name.charCodeAt(2)) return false;
  const after = bytes[at + 3];
  return after === undefined || after === 0x0d || after === 0x0a || isSeparator(after);
}
