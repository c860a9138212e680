import type { Mask } from './mask.ts';

/** Longer runs without white space are no words: they are broken, so that no link is put together across the break. */
const tooLong = /\S{256}(?=\S)/g;
const marks = /\[(?:NAME|ID|PHONE|ADDRESS|DATE|MAIL|LINK)(?:-\d+)?\]/g;
const links = /(?:\b[a-z][a-z0-9+.-]{0,20}:\/\/|\b(?:javascript|data|mailto|file):|\bwww\.)\S*/gi;

/**
 * What a model says, made fit to be shown: marks get their values back, references to facts that there are none of go
 * away, and so do links (a text of a model chooses no address). Works on whole words, as pieces of a stream end anywhere.
 */
export class Output {
  readonly #mask: Mask;
  readonly #count: number;
  readonly cited = new Set<number>();
  /** References to facts that do not exist. */
  invented = 0;
  #rest = '';

  constructor(mask: Mask, facts: number) {
    this.#mask = mask;
    this.#count = facts;
  }

  push(text: string): string {
    this.#rest = (this.#rest + text).replace(tooLong, '$& ');
    const end = this.#wordEnd();
    if (end === undefined) return '';
    const whole = this.#rest.slice(0, end + 1);
    this.#rest = this.#rest.slice(whole.length);
    return this.#fit(whole);
  }

  /** The last white space: the word behind it may go on. None inside a reference to several facts: `[1, 2]`. */
  #wordEnd(): number | undefined {
    for (let at = this.#rest.length - 1; at >= 0; at--) {
      if (/\s/.test(this.#rest[at] ?? '') && !/\[[\d, ]{0,20}$/.test(this.#rest.slice(Math.max(0, at - 22), at))) return at;
    }
    return undefined;
  }

  end(): string {
    const last = this.#fit(this.#rest);
    this.#rest = '';
    return last;
  }

  #fit(text: string): string {
    return (
      text
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
        .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g, '')
        .replace(links, '(link removed)')
        .replace(/\[(\d{1,4}(?:, ?\d{1,4})*)\]/g, (_, numbers: string) => this.#references(numbers))
        .replace(marks, (mark) => {
          const value = this.#mask.value(mark);
          // What was hidden as a link stays away in the text, too.
          return value === undefined || mark.startsWith('[LINK') ? '(removed)' : value;
        })
    );
  }

  #references(numbers: string): string {
    const all = numbers.split(',').map(Number);
    const known = all.filter((n) => n >= 1 && n <= this.#count);
    for (const n of known) this.cited.add(n);
    this.invented += all.length - known.length;
    return known.map((n) => `[${n}]`).join('');
  }
}
