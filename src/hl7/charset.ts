import { isAscii, isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';
import { error } from '../errors/index.ts';
import { switching } from './charset-iso2022.ts';
import { encodeJis, JisToEuc } from './charset-jis.ts';
import { type Sliced, sliceBytes } from './sliced.ts';

/** A character set of MSH-18 (HL7 table 0211). */
export interface Charset {
  /** IANA name. */
  readonly name: string;
  /**
   * Every byte below 0x80 is that ASCII character. Otherwise a delimiter's byte may be the second half of a character,
   * and the message is turned into UTF-8 before it is split.
   */
  readonly asciiSafe: boolean;
  /** Texts may switch to other sets within an element: `\C..\` and `\M..\` mean something. */
  readonly switches?: boolean;
  decode(bytes: Buffer, start: number, end: number): string;
  /** Throws AORTA_HL7_020 for a character that the set does not have. */
  encode(text: string): Buffer;
  /** Whether all bytes are characters of the set. */
  valid(bytes: Buffer): Sliced<boolean>;
  /** To UTF-8; undefined when the bytes are not of this set. */
  toUtf8(bytes: Buffer): Sliced<Buffer | undefined>;
}

const encoder =
  (name: string, encode: (text: string) => Buffer, decode: (bytes: Buffer, start: number, end: number) => string) => (text: string) => {
    const bytes = encode(text);
    if (decode(bytes, 0, bytes.length) !== text) throw error('AORTA_HL7_020', { charset: name });
    return bytes;
  };

function native(name: string, encoding: 'latin1' | 'utf8', isValid: (bytes: Buffer) => boolean): Charset {
  const decode =
    encoding === 'latin1'
      ? (b: Buffer, s: number, e: number) => b.toString('latin1', s, e)
      : (b: Buffer, s: number, e: number) => b.toString('utf8', s, e);
  return {
    name,
    asciiSafe: true,
    decode,
    encode(text) {
      const bytes = Buffer.from(text, encoding);
      if (!isValid(bytes) || decode(bytes, 0, bytes.length) !== text) throw error('AORTA_HL7_020', { charset: name });
      return bytes;
    },
    // biome-ignore lint/correctness/useYield: native checks run at more than a gigabyte a second; 32 MiB needs no slices.
    *valid(bytes) {
      return isValid(bytes);
    },
    *toUtf8(bytes) {
      return (yield* this.valid(bytes)) ? Buffer.from(decode(bytes, 0, bytes.length)) : undefined;
    },
  };
}

/** ISO 8859 parts other than 1: one byte a character, some bytes are none. */
function singleByte(name: string, codec: string): Charset {
  const table = Array.from({ length: 256 }, (_, byte) => iconv.decode(Buffer.of(byte), codec));
  const holes = new Uint8Array(table.map((character) => (character === '\ufffd' ? 1 : 0)));
  const decode = (bytes: Buffer, start: number, end: number): string => {
    let text = '';
    for (let at = start; at < end; at++) text += table[bytes[at] ?? 0];
    return text;
  };
  return {
    name,
    asciiSafe: true,
    decode,
    encode: encoder(name, (text) => iconv.encode(text, codec), decode),
    *valid(bytes) {
      for (let from = 0; from < bytes.length; from += sliceBytes) {
        const to = Math.min(from + sliceBytes, bytes.length);
        for (let at = from; at < to; at++) if (holes[bytes[at] ?? 0]) return false;
        yield;
      }
      return true;
    },
    *toUtf8(bytes) {
      return (yield* this.valid(bytes)) ? Buffer.from(decode(bytes, 0, bytes.length)) : undefined;
    },
  };
}

function multiByte(name: string, codec: string): Charset {
  const strict = () => new TextDecoder(name, { fatal: true });
  const lenient = new TextDecoder(name);
  const decode = (bytes: Buffer, start: number, end: number): string => lenient.decode(bytes.subarray(start, end));
  return {
    name,
    asciiSafe: false,
    decode,
    encode(text) {
      return encoder(name, (t) => iconv.encode(t, codec), decode)(text);
    },
    *valid(bytes) {
      return (yield* this.toUtf8(bytes)) !== undefined;
    },
    *toUtf8(bytes) {
      const decoder = strict();
      const pieces: Buffer[] = [];
      try {
        for (let from = 0; from < bytes.length; from += sliceBytes) {
          pieces.push(Buffer.from(decoder.decode(bytes.subarray(from, from + sliceBytes), { stream: true })));
          yield;
        }
        pieces.push(Buffer.from(decoder.decode()));
      } catch {
        return undefined;
      }
      return Buffer.concat(pieces);
    },
  };
}

function japanese(): Charset {
  const name = 'ISO-2022-JP';
  const lenient = new TextDecoder('euc-jp');
  const decode = (bytes: Buffer, start: number, end: number): string => {
    const part = bytes.subarray(start, end);
    const euc = new JisToEuc().push(part, true);
    return euc ? lenient.decode(euc) : part.toString('latin1');
  };
  return {
    name,
    asciiSafe: false,
    switches: true,
    decode,
    encode: encoder(name, encodeJis, decode),
    *valid(bytes) {
      return (yield* this.toUtf8(bytes)) !== undefined;
    },
    *toUtf8(bytes) {
      const [toEuc, decoder] = [new JisToEuc(), new TextDecoder('euc-jp', { fatal: true })];
      const pieces: Buffer[] = [];
      try {
        for (let from = 0; from < bytes.length; from += sliceBytes) {
          const last = from + sliceBytes >= bytes.length;
          const euc = toEuc.push(bytes.subarray(from, from + sliceBytes), last);
          if (!euc) return undefined;
          pieces.push(Buffer.from(decoder.decode(euc, { stream: !last })));
          yield;
        }
      } catch {
        return undefined;
      }
      return Buffer.concat(pieces);
    },
  };
}

export const utf8 = native('UTF-8', 'utf8', isUtf8);
export const latin1 = native('ISO-8859-1', 'latin1', () => true);
export const ascii = native('US-ASCII', 'latin1', isAscii);

const cache = new Map<string, Charset>();
function once(name: string, make: () => Charset): Charset {
  let charset = cache.get(name);
  if (!charset) {
    charset = make();
    cache.set(name, charset);
  }
  return charset;
}
const iso = (part: number) => once(`ISO-8859-${part}`, () => singleByte(`ISO-8859-${part}`, `iso8859-${part}`));
// ISO IR 14, 87 and 159 are the sets that ISO-2022-JP switches between by escape sequences (MSH-20 `ISO 2022-1994`).
const japaneseSet = () => once('ISO-2022-JP', japanese);

/**
 * The charset of one value of MSH-18: table 0211, IANA names, and the spellings seen in the field (`UTF-8`,
 * `ISO-8859-1`). Undefined for unknown ones and for UTF-16 and UTF-32, which MLLP cannot carry.
 */
export function charsetOf(declared: string): Charset | undefined {
  const name = declared
    .trim()
    .toUpperCase()
    .replace(/[\s_/-]+/g, '');
  const part = /^(?:ISO)?8859(\d{1,2})$/.exec(name)?.[1];
  if (part) {
    if (part === '1') return latin1;
    const number = Number(part);
    return (number >= 2 && number <= 9) || number === 15 ? iso(number) : undefined;
  }
  switch (name) {
    case 'ASCII':
    case 'USASCII':
    case 'ISOIR6':
      return ascii;
    case 'UNICODEUTF8':
    case 'UTF8':
    case 'UNICODE':
      return utf8;
    case 'ISOIR100':
    case 'LATIN1':
      return latin1;
    case 'ISOIR14':
    case 'ISOIR87':
    case 'ISOIR159':
    case 'ISO2022JP':
      return japaneseSet();
    case 'GB18030':
    case 'GB180302000':
      return once('GB18030', () => multiByte('GB18030', 'gb18030'));
    case 'BIG5':
      return once('Big5', () => multiByte('Big5', 'big5hkscs'));
    case 'KSX1001':
    case 'EUCKR':
      return once('EUC-KR', () => multiByte('EUC-KR', 'cp949'));
    case 'WINDOWS1252':
    case 'CP1252':
      return once('windows-1252', () => singleByte('windows-1252', 'windows1252'));
    default:
      return undefined;
  }
}

/**
 * MSH-18 may repeat. The first set is the message's own; further ones are those that its texts switch to by escape
 * sequences of ISO 2022 (charset-iso2022.ts), raw or as `\C..\` and `\M..\`. The Japanese sets are one family, as
 * one decoder reads them all. Beside a set of more than one byte a character there is nothing to switch to. Empty: undefined.
 */
export function charsetOfField(repetitions: readonly string[]): Charset | 'unknown' | undefined {
  const named = repetitions.filter((value) => value.trim() !== '');
  if (named.length === 0) return undefined;
  const sets = named.map(charsetOf);
  const [first] = sets;
  if (!first || sets.includes(undefined)) return 'unknown';
  const family = sets.find((set) => set?.name === 'ISO-2022-JP');
  if (family || repetitions.length === 1 || !first.asciiSafe || first === utf8) return family ?? first;
  return once(`${first.name} switching`, () => switching(first));
}
