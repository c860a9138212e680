import type { Charset } from './charset.ts';
import { type Switch, switchOf } from './charset-iso2022.ts';
import type { Delimiters } from './delimiters.ts';
import { find } from './find.ts';

/**
 * Escape sequences, HL7 v2.5.1 section 2.7, in one pass over the bytes:
 * - `\F\ \S\ \T\ \R\ \E\ \P\` stand for the message's own delimiters.
 * - `\Xdd…\` holds bytes of the message's charset. Seen in the field: pairs that start with 00 (`\X000d\`, `\X00E0\`);
 *   no charset here has a NUL in text, so those are read as UTF-16.
 * - `\.br\ \.sp\ \.ce\` and their counts become line ends, `\.sk n\` spaces, other layout commands and `\H\ \N\` vanish.
 * - `\Cxxyy\ \Mxxyyzz\` switch to another set until the next of them or the end of the element, in messages that name
 *   more than one (MSH-18) and for sets that are known here (charset-iso2022.ts).
 * - Everything else, such as `\Z…\` or a lone escape character (`BSV 4\5 re.`), stays as it is.
 *
 * `bytes` are in `charset`, or in UTF-8 when the set is not ASCII-safe. Never throws.
 */
export function unescapeText(bytes: Buffer, start: number, end: number, delimiters: Delimiters, charset: Charset, text: Charset): string {
  const mark = delimiters.escape;
  let at = mark === 0 ? -1 : find(bytes, mark, start, end);
  if (at < 0) return text.decode(bytes, start, end);
  let out = '';
  // Bytes waiting to be decoded together: a character may lie half in \X..\ and half outside.
  let run: Buffer[] = [];
  let foreign: Buffer[] = [];
  let now: Switch | 'base' = 'base';
  const flushForeign = () => {
    if (foreign.length === 0) return;
    const joined = Buffer.concat(foreign);
    out += charset.decode(joined, 0, joined.length);
    foreign = [];
  };
  const flushRun = () => {
    if (run.length === 0) return;
    const joined = run.length === 1 && run[0] ? run[0] : Buffer.concat(run);
    out += now === 'base' ? text.decode(joined, 0, joined.length) : now(joined);
    run = [];
  };
  const raw = (from: number, to: number) => {
    if (to <= from) return;
    flushForeign();
    run.push(bytes.subarray(from, to));
  };
  const literal = (value: string) => {
    flushForeign();
    flushRun();
    out += value;
  };

  let from = start;
  while (at >= 0) {
    const close = find(bytes, mark, at + 1, end);
    if (close < 0) break;
    const meaning = sequence(bytes, at + 1, close, delimiters);
    const to = meaning === undefined && charset.switches ? switched(bytes, at + 1, close) : undefined;
    if (to !== undefined) {
      raw(from, at);
      literal('');
      now = to;
      from = close + 1;
      at = find(bytes, mark, from, end);
      continue;
    }
    if (meaning === undefined) {
      // The closing mark of what is no sequence may open the next one.
      raw(from, close);
      from = at = close;
      continue;
    }
    raw(from, at);
    if (typeof meaning === 'string') literal(meaning);
    else if (charset === text && now === 'base') run.push(meaning);
    else {
      flushRun();
      foreign.push(meaning);
    }
    from = close + 1;
    at = find(bytes, mark, from, end);
  }
  raw(from, end);
  flushForeign();
  flushRun();
  return out;
}

/** The set that `Cxxyy` or `Mxxyyzz` switches to; undefined when it is neither, or the set is not known. */
function switched(bytes: Buffer, start: number, end: number): Switch | 'base' | undefined {
  const size = end - start;
  const single = bytes[start] === 0x43 && size === 5;
  const multiple = bytes[start] === 0x4d && (size === 5 || size === 7);
  return single || multiple ? switchOf(bytes.toString('latin1', start + 1, end)) : undefined;
}

/** What the sequence between two marks stands for: text, bytes of the charset, or undefined when it is none. */
function sequence(bytes: Buffer, start: number, end: number, d: Delimiters): string | Buffer | undefined {
  const first = bytes[start];
  if (end - start === 1) {
    switch (first) {
      case 0x46: // F
        return String.fromCharCode(d.field);
      case 0x53: // S
        return String.fromCharCode(d.component);
      case 0x54: // T
        return d.subcomponent === 0 ? undefined : String.fromCharCode(d.subcomponent);
      case 0x52: // R
        return String.fromCharCode(d.repetition);
      case 0x45: // E
        return String.fromCharCode(d.escape);
      case 0x50: // P
        return String.fromCharCode(d.truncation === 0 ? 0x23 : d.truncation);
      case 0x48: // H
      case 0x4e: // N
        return '';
      default:
        return undefined;
    }
  }
  if (first === 0x58) return hex(bytes.toString('latin1', start + 1, end));
  if (first === 0x2e && end - start <= 8) return layout(bytes.toString('latin1', start + 1, end));
  return undefined;
}

function hex(digits: string): Buffer | string | undefined {
  if (digits === '' || digits.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(digits)) return undefined;
  const bytes = Buffer.from(digits, 'hex');
  if (bytes.length % 2 !== 0) return bytes;
  for (let at = 0; at < bytes.length; at += 2) if (bytes[at] !== 0) return bytes;
  return bytes.swap16().toString('utf16le');
}

function layout(command: string): string | undefined {
  const match = /^(br|sp|ce|sk|fi|nf|in|ti) ?([+-]?\d{1,3})?$/.exec(command);
  if (!match) return undefined;
  const count = Math.min(Math.max(Number(match[2] ?? 1), 0), 100);
  if (match[1] === 'br' || match[1] === 'ce') return '\n';
  if (match[1] === 'sp') return '\n'.repeat(count);
  return match[1] === 'sk' ? ' '.repeat(count) : '';
}

/** Text as field content of a message with these delimiters: `unescapeText` of the result gives the text again. */
export function escapeText(text: string, d: Delimiters): string {
  if (d.escape === 0) return text;
  const mark = String.fromCharCode(d.escape);
  let out = '';
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (code === d.escape) out += `${mark}E${mark}`;
    else if (code === d.field) out += `${mark}F${mark}`;
    else if (code === d.component) out += `${mark}S${mark}`;
    else if (code === d.repetition) out += `${mark}R${mark}`;
    else if (code === d.subcomponent) out += `${mark}T${mark}`;
    else if (code === d.truncation) out += `${mark}P${mark}`;
    else if (code < 0x20) out += `${mark}X${code.toString(16).toUpperCase().padStart(2, '0')}${mark}`;
    else out += character;
  }
  return out;
}
