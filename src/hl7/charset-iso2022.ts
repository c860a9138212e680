import type { Charset } from './charset.ts';
import { JisToEuc } from './charset-jis.ts';
import { type Sliced, sliceBytes } from './sliced.ts';

/** Bytes of one element → text, while a set is switched to. */
export type Switch = (bytes: Buffer) => string;

const eucJp = new TextDecoder('euc-jp');
const by =
  (label: string): Switch =>
  (bytes) =>
    new TextDecoder(label).decode(bytes);
const jis =
  (sequence: string): Switch =>
  (bytes) =>
    eucJp.decode(new JisToEuc().push(Buffer.concat([Buffer.from(`\x1b${sequence}`), bytes]), true) ?? bytes);
const base = Symbol('base');

/**
 * Sets that a text may switch to, by the bytes that follow ESC (ISO 2022), as in `\Cxxyy\` and `\Mxxyyzz\`. Those of the
 * upper half (8859 parts, Korean, Chinese) leave ASCII as it is.
 */
const known: Readonly<Record<string, Switch | typeof base>> = {
  '2842': base,
  '284A': base,
  '2849': jis('(I'),
  '2949': by('shift_jis'),
  '2440': jis('$@'),
  '2442': jis('$B'),
  '242844': jis('$(D'),
  '2D41': (bytes) => bytes.toString('latin1'),
  '2D42': by('iso-8859-2'),
  '2D43': by('iso-8859-3'),
  '2D44': by('iso-8859-4'),
  '2D4C': by('iso-8859-5'),
  '2D47': by('iso-8859-6'),
  '2D46': by('iso-8859-7'),
  '2D48': by('iso-8859-8'),
  '2D4D': by('windows-1254'),
  '2D62': by('iso-8859-15'),
  '242943': by('euc-kr'),
  '242941': by('gbk'),
};

/** What the bytes behind ESC switch to: a set, `base` (back to the message's own), or undefined when that is not known. */
export function switchOf(hex: string): Switch | 'base' | undefined {
  const found = Object.hasOwn(known, hex.toUpperCase()) ? known[hex.toUpperCase()] : undefined;
  return found === base ? 'base' : (found as Switch | undefined);
}

const escapeByte = 0x1b;

/**
 * A charset whose texts may switch to others by escape sequences of ISO 2022: what repetitions of MSH-18 allow. Every
 * element begins in `own` (HL7 v2.5.1 section 2.15.9.18). Sequences that are not known stay in the text.
 *
 * What stands behind the first sequence of a line is not checked: which set it is in depends on where its element ends.
 */
export function switching(own: Charset): Charset {
  const decode = (bytes: Buffer, start: number, end: number): string => {
    let at = bytes.subarray(start, end).indexOf(escapeByte);
    if (at < 0) return own.decode(bytes, start, end);
    let text = '';
    let from = start;
    let now: Switch | 'base' = 'base';
    const flush = (to: number): void => {
      text += now === 'base' ? own.decode(bytes, from, to) : now(bytes.subarray(from, to));
      from = to;
    };
    at += start;
    while (at >= 0 && at < end) {
      let next = at + 1;
      for (const length of [2, 3]) {
        const to = at + 1 + length <= end ? switchOf(bytes.toString('hex', at + 1, at + 1 + length)) : undefined;
        if (to === undefined) continue;
        flush(at);
        now = to;
        from = next = at + 1 + length;
        break;
      }
      at = bytes.indexOf(escapeByte, next);
    }
    flush(end);
    return text;
  };
  return {
    name: own.name,
    asciiSafe: true,
    switches: true,
    decode,
    encode: (text) => own.encode(text),
    *valid(bytes: Buffer): Sliced<boolean> {
      if (!bytes.includes(escapeByte)) return yield* own.valid(bytes);
      let pause = sliceBytes;
      for (let at = 0; at < bytes.length; ) {
        const cr = bytes.indexOf(0x0d, at);
        const line = bytes.subarray(at, cr < 0 ? bytes.length : cr);
        const first = line.indexOf(escapeByte);
        if (!(yield* own.valid(first < 0 ? line : line.subarray(0, first)))) return false;
        at = cr < 0 ? bytes.length : cr + 1;
        if (at < pause) continue;
        pause = at + sliceBytes;
        yield;
      }
      return true;
    },
    *toUtf8(bytes: Buffer): Sliced<Buffer | undefined> {
      return (yield* this.valid(bytes)) ? Buffer.from(decode(bytes, 0, bytes.length)) : undefined;
    },
  };
}
