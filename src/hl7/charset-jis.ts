import iconv from 'iconv-lite';

/** What the bytes stand for now: one byte a character, or the first or second of two. */
type Mode = 'ascii' | 'kana' | '0208' | '0212';

const escapes: readonly (readonly [sequence: string, mode: Mode])[] = [
  ['(B', 'ascii'],
  // JIS X 0201 Roman differs from ASCII in how \ and ~ look; senders mean the delimiters by them.
  ['(J', 'ascii'],
  ['(I', 'kana'],
  ['$@', '0208'],
  ['$B', '0208'],
  ['$(D', '0212'],
];
const written: Readonly<Record<Mode, string>> = { ascii: '(B', kana: '(I', '0208': '$B', '0212': '$(D' };
const escapeByte = 0x1b;

/**
 * ISO-2022-JP with half-width katakana and JIS X 0212 (ISO IR 14, 87, 159: MSH-20 `ISO 2022-1994`) as EUC-JP, which
 * decoders know in full. Goes on where the last call ended. Lines end in ASCII whether their sender went back to it or not.
 */
export class JisToEuc {
  #mode: Mode = 'ascii';
  /** Bytes of a character or escape sequence that is not whole yet. */
  #rest: Buffer = Buffer.alloc(0);

  /** Undefined when the bytes are not of this set. */
  push(chunk: Buffer, last: boolean): Buffer | undefined {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const out = Buffer.allocUnsafe(bytes.length * 2);
    let to = 0;
    let at = 0;
    while (at < bytes.length) {
      const byte = bytes[at] ?? 0;
      if (byte === escapeByte) {
        if (!last && bytes.length - at < 4) break;
        const found = escapes.find(([sequence]) => bytes.toString('latin1', at + 1, at + 1 + sequence.length) === sequence);
        if (!found) return undefined;
        this.#mode = found[1];
        at += 1 + found[0].length;
        continue;
      }
      if (byte > 0x7f) return undefined;
      if (byte === 0x0d || byte === 0x0a) this.#mode = 'ascii';
      if (this.#mode === 'ascii' || byte < 0x21 || byte === 0x7f) {
        out[to++] = byte;
        at++;
        continue;
      }
      if (this.#mode === 'kana') {
        if (byte > 0x5f) return undefined;
        out[to++] = 0x8e;
        out[to++] = byte | 0x80;
        at++;
        continue;
      }
      if (at + 1 === bytes.length && !last) break;
      const second = bytes[at + 1] ?? 0;
      if (second < 0x21 || second > 0x7e) return undefined;
      if (this.#mode === '0212') out[to++] = 0x8f;
      out[to++] = byte | 0x80;
      out[to++] = second | 0x80;
      at += 2;
    }
    this.#rest = Buffer.from(bytes.subarray(at));
    return out.subarray(0, to);
  }
}

/** Text as ISO-2022-JP, in ASCII wherever it can be. Characters that it does not have become others: compare what is read back. */
export function encodeJis(text: string): Buffer {
  const out: number[] = [];
  let mode: Mode = 'ascii';
  const change = (to: Mode): void => {
    if (mode === to) return;
    mode = to;
    out.push(escapeByte, ...Buffer.from(written[to]));
  };
  for (const character of text) {
    const euc = iconv.encode(character, 'eucjp');
    const [first = 0x3f, second = 0x3f, third = 0x3f] = euc;
    if (euc.length === 3) {
      change('0212');
      out.push(second & 0x7f, third & 0x7f);
    } else if (first === 0x8e) {
      change('kana');
      out.push(second & 0x7f);
    } else if (euc.length === 2) {
      change('0208');
      out.push(first & 0x7f, second & 0x7f);
    } else {
      change('ascii');
      out.push(first);
    }
  }
  change('ascii');
  return Buffer.from(out);
}
