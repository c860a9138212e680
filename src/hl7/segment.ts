import { Element, level, type Reading } from './element.ts';
import { find } from './find.ts';

const nearBytes = 256;

/** One segment: a range of bytes whose fields are found on demand, from the left, and remembered. */
export class Segment {
  readonly reading: Reading;
  readonly name: string;
  readonly start: number;
  /** Exclusive; without the terminator. */
  readonly end: number;
  /** Start of field n at index n; for MSH, index 2 is MSH-2. */
  readonly #starts: number[];
  #complete = false;

  constructor(reading: Reading, name: string, start: number, end: number) {
    this.reading = reading;
    this.name = name;
    this.start = start;
    this.end = end;
    // Index 0 is the name. MSH (FHS, BHS) count their separator as field 1, so MSH-2 starts where others have field 1.
    const first = start + name.length + 1;
    this.#complete = first > end;
    this.#starts = this.#complete ? [start] : this.firstField === 2 ? [start, first - 1, first] : [start, first];
  }

  /** Number of the field after the first separator: 2 in headers, whose field 1 is the separator itself. */
  get firstField(): 1 | 2 {
    return this.name === 'MSH' || this.name === 'FHS' || this.name === 'BHS' ? 2 : 1;
  }

  /** Field `n` from 1, as in the standard: MSH-1 is the field separator. Absent past the last. */
  field(n: number): Element {
    if (n < this.firstField + 1 && this.firstField === 2 && this.#starts.length > 1) {
      if (n === 1) return new Element(this.reading, this.start + 3, this.start + 4, level.literal);
      return new Element(this.reading, this.start + 4, this.#endOf(2), level.literal);
    }
    this.#index(n + 1);
    const start = this.#starts[n];
    if (start === undefined || start > this.end) return new Element(this.reading, this.end, this.end - 1, level.field);
    return new Element(this.reading, start, this.#endOf(n), level.field);
  }

  /** Number of fields, empty ones at the end included. */
  get length(): number {
    this.#index(Number.POSITIVE_INFINITY);
    return this.#starts.length - 1;
  }

  get raw(): Buffer {
    return this.reading.bytes.subarray(this.start, this.end);
  }

  #endOf(n: number): number {
    this.#index(n + 1);
    const next = this.#starts[n + 1];
    return next === undefined ? this.end : next - 1;
  }

  #index(through: number): void {
    const starts = this.#starts;
    if (this.#complete || starts.length > through) return;
    const { bytes, delimiters } = this.reading;
    const { end } = this;
    const separator = delimiters.field;
    for (let at = starts[starts.length - 1] ?? end; ; ) {
      // Most fields are short: a plain loop finds their end faster than a native call, which a document of megabytes needs.
      const near = Math.min(at + nearBytes, end);
      while (at < near && bytes[at] !== separator) at++;
      if (at === near) at = find(bytes, separator, at, end);
      if (at < 0) break;
      starts.push(++at);
      if (starts.length > through) return;
    }
    this.#complete = true;
  }
}
