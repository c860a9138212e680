import type { Charset } from './charset.ts';
import type { Delimiters } from './delimiters.ts';
import { unescapeText } from './escape.ts';
import { find } from './find.ts';

/**
 * What a place in a message holds. `null` is `""`: delete the stored value. `empty` is nothing between two delimiters
 * and `absent` is past the end of the segment or message: both leave the stored value as it is.
 */
export type State = 'absent' | 'empty' | 'null' | 'value';

/** How a message is read: shared by all its elements. */
export interface Reading {
  readonly bytes: Buffer;
  readonly delimiters: Delimiters;
  /** As declared; what `\X..\` sequences are in. */
  readonly charset: Charset;
  /** What `bytes` are in: `charset`, or UTF-8 when that is not ASCII-safe. */
  readonly text: Charset;
}

/** `literal`: MSH-1 and MSH-2, which hold the delimiters and are not split. */
export const level = { literal: -1, field: 0, repetition: 1, component: 2, subcomponent: 3 } as const;
export type Level = (typeof level)[keyof typeof level];

/** A field, repetition, component or subcomponent: a range of the message's bytes, split only when asked. */
export class Element {
  readonly reading: Reading;
  readonly start: number;
  /** Exclusive; below `start` when the element is absent. */
  readonly end: number;
  readonly level: Level;

  constructor(reading: Reading, start: number, end: number, elementLevel: Level) {
    this.reading = reading;
    this.start = start;
    this.end = end;
    this.level = elementLevel;
  }

  get state(): State {
    const { start, end } = this;
    if (end < start) return 'absent';
    if (end === start) return 'empty';
    return end - start === 2 && this.reading.bytes[start] === 0x22 && this.reading.bytes[start + 1] === 0x22 ? 'null' : 'value';
  }

  /** Decoded and unescaped; undefined unless `state` is `value`. */
  get text(): string | undefined {
    if (this.state !== 'value') return undefined;
    const { reading, start, end } = this;
    if (this.level === level.literal) return reading.bytes.toString('latin1', start, end);
    return unescapeText(reading.bytes, start, end, reading.delimiters, reading.charset, reading.text);
  }

  /** The bytes as they stand in the message (in UTF-8 when its charset is not ASCII-safe). A view, not a copy. */
  get raw(): Buffer {
    return this.end <= this.start ? this.reading.bytes.subarray(0, 0) : this.reading.bytes.subarray(this.start, this.end);
  }

  get size(): number {
    return Math.max(0, this.end - this.start);
  }

  /** Number `n` from 1, absent past the last. */
  repetition(n: number): Element {
    return this.level === level.field ? this.#part(this.reading.delimiters.repetition, n, level.repetition) : this.#only(n);
  }

  /** Of the first repetition when called on a field. */
  component(n: number): Element {
    if (this.level === level.field) return this.repetition(1).component(n);
    return this.level === level.repetition ? this.#part(this.reading.delimiters.component, n, level.component) : this.#only(n);
  }

  /** Of the first component when called on a field or repetition. */
  subcomponent(n: number): Element {
    if (this.level < level.component && this.level !== level.literal) return this.component(1).subcomponent(n);
    return this.level === level.component ? this.#part(this.reading.delimiters.subcomponent, n, level.subcomponent) : this.#only(n);
  }

  repetitions(): Element[] {
    return this.level === level.field ? this.#parts(this.reading.delimiters.repetition, level.repetition) : [this];
  }

  components(): Element[] {
    if (this.level === level.field) return this.repetition(1).components();
    return this.level === level.repetition ? this.#parts(this.reading.delimiters.component, level.component) : [this];
  }

  subcomponents(): Element[] {
    if (this.level === level.component) return this.#parts(this.reading.delimiters.subcomponent, level.subcomponent);
    return this.level < level.component && this.level !== level.literal ? this.component(1).subcomponents() : [this];
  }

  /** A field as plain text: repetition, component, subcomponent. `""` stays `""`, empty and absent are ``. */
  tree(): string[][][] {
    const textOf = (element: Element) => element.text ?? (element.state === 'null' ? '""' : '');
    if (this.state === 'absent' || this.state === 'empty') return [];
    return this.repetitions().map((repetition) => repetition.components().map((component) => component.subcomponents().map(textOf)));
  }

  #only(n: number): Element {
    return n === 1 ? this : new Element(this.reading, this.start, this.start - 1, this.level);
  }

  #part(delimiter: number, n: number, to: Level): Element {
    const { bytes } = this.reading;
    let from = this.start;
    let count = n;
    if (delimiter !== 0) {
      while (count > 1) {
        const at = find(bytes, delimiter, from, this.end);
        if (at < 0) return new Element(this.reading, from, from - 1, to);
        from = at + 1;
        count--;
      }
      const at = find(bytes, delimiter, from, this.end);
      return new Element(this.reading, from, at < 0 ? this.end : at, to);
    }
    return n === 1 ? new Element(this.reading, this.start, this.end, to) : new Element(this.reading, from, from - 1, to);
  }

  #parts(delimiter: number, to: Level): Element[] {
    if (this.end < this.start) return [];
    const out: Element[] = [];
    let from = this.start;
    for (
      let at = delimiter === 0 ? -1 : find(this.reading.bytes, delimiter, from, this.end);
      at >= 0;
      at = find(this.reading.bytes, delimiter, from, this.end)
    ) {
      out.push(new Element(this.reading, from, at, to));
      from = at + 1;
    }
    out.push(new Element(this.reading, from, this.end, to));
    return out;
  }
}
