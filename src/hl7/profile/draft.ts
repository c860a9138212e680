import type { Delimiters } from '../delimiters.ts';
import type { Message } from '../message.ts';
import type { Path } from '../path.ts';
import type { Segment } from '../segment.ts';
import { depthOf, isWritable } from './place.ts';

const mark = (byte: number): string => (byte === 0 ? '' : String.fromCharCode(byte));
const split = (raw: string, delimiter: number): string[] => (delimiter === 0 ? [raw] : raw.split(mark(delimiter)));

/** Nothing but separators and blanks: it says nothing. `""` does. */
export function isBlank(raw: string, d: Delimiters): boolean {
  for (let at = 0; at < raw.length; at++) {
    const code = raw.charCodeAt(at);
    if (code !== 0x20 && code !== d.component && code !== d.repetition && code !== d.subcomponent) return false;
  }
  return true;
}

/**
 * A message while rules change it: only the segments that they touch are taken apart, as raw bytes (latin1 text), and
 * everything else stays where it is. What a message's delimiters cannot express is not written.
 */
export class Draft {
  readonly message: Message;
  /** Index: the field's number. */
  readonly #fields = new Map<Segment, string[]>();

  constructor(message: Message) {
    this.message = message;
  }

  /** The bytes of a field; `` when it is not there. */
  field(segment: Segment, n: number): string {
    const fields = this.#fields.get(segment);
    if (fields) return fields[n] ?? '';
    const field = segment.field(n);
    return field.size === 0 ? '' : field.raw.toString('latin1');
  }

  /** Segments that were changed. */
  changed(): readonly Segment[] {
    return [...this.#fields.keys()];
  }

  get(segment: Segment, path: Path): string {
    return partOf(this.field(segment, path.field), path, this.message.delimiters);
  }

  set(segment: Segment, path: Path, raw: string): void {
    const d = this.message.delimiters;
    if (!isWritable(path, d)) return;
    const before = this.field(segment, path.field);
    const after = withPart(before, path, oneLine(raw, d), d);
    if (after !== before) this.setField(segment, path.field, after);
  }

  setField(segment: Segment, n: number, raw: string): void {
    let fields = this.#fields.get(segment);
    if (!fields) {
      fields = [];
      for (let each = segment.firstField; each <= segment.length; each++) fields[each] = segment.field(each).raw.toString('latin1');
      this.#fields.set(segment, fields);
    }
    for (let each = Math.max(fields.length, segment.firstField); each < n; each++) fields[each] = '';
    fields[n] = raw;
  }

  /** The message with all changes; itself when there are none. */
  done(): Message {
    if (this.#fields.size === 0) return this.message;
    const { bytes, delimiters } = this.message.reading;
    const separator = mark(delimiters.field);
    const out: Buffer[] = [];
    let from = 0;
    for (const [segment, fields] of [...this.#fields].sort(([a], [b]) => a.start - b.start)) {
      out.push(bytes.subarray(from, segment.start));
      out.push(Buffer.from([segment.name, ...fields.slice(segment.firstField)].join(separator), 'latin1'));
      from = segment.end;
    }
    out.push(bytes.subarray(from));
    return this.message.withBytes(Buffer.concat(out));
  }
}

/** A line feed may end a segment, depending on what comes behind it: not where a value is put anew. */
function oneLine(raw: string, d: Delimiters): string {
  if (!/[\r\n]/.test(raw)) return raw;
  const sign = mark(d.escape);
  return raw.replace(/[\r\n]/g, (end) => (sign === '' ? ' ' : `${sign}X${end === '\n' ? '0A' : '0D'}${sign}`));
}

function partOf(raw: string, path: Path, d: Delimiters): string {
  const depth = depthOf(path);
  if (depth === 0) return raw;
  const repetition = split(raw, d.repetition)[(path.repetition ?? 1) - 1] ?? '';
  if (depth === 1) return repetition;
  const component = split(repetition, d.component)[(path.component ?? 1) - 1] ?? '';
  return depth === 2 ? component : (split(component, d.subcomponent)[(path.subcomponent ?? 1) - 1] ?? '');
}

function withPart(raw: string, path: Path, value: string, d: Delimiters): string {
  const depth = depthOf(path);
  if (depth === 0) return value;
  const at = (text: string, delimiter: number, n: number, change: (part: string) => string): string => {
    const parts = split(text, delimiter);
    while (parts.length < n) parts.push('');
    parts[n - 1] = change(parts[n - 1] ?? '');
    return parts.join(mark(delimiter));
  };
  return at(raw, d.repetition, path.repetition ?? 1, (repetition) =>
    depth === 1
      ? value
      : at(repetition, d.component, path.component ?? 1, (component) =>
          depth === 2 ? value : at(component, d.subcomponent, path.subcomponent ?? 1, () => value),
        ),
  );
}
