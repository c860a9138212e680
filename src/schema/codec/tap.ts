import { createRequire } from 'node:module';
import { error } from '../../errors/index.ts';

/** avsc's cursor over a buffer: its types read and write through it. Positions move on past the end; the caller looks at them. */
interface AvscTap {
  buf: Buffer;
  pos: number;
  readBoolean(): boolean;
  readInt(): number;
  readLong(): number;
  readBytes(): Buffer | undefined;
  readFixed(length: number): Buffer | undefined;
  readString(): string | undefined;
  writeInt(value: number): void;
  writeLong(value: number): void;
  writeFixed(bytes: Buffer, length?: number): void;
  writeString(text: string): void;
}

/** What all of avsc's types and resolvers have; its typings leave it out. */
export interface Wire {
  _read(tap: Tap): unknown;
  _write(tap: Tap, value: unknown): void;
}

const overridden = [
  'readBoolean',
  'readInt',
  'readLong',
  'readBytes',
  'readFixed',
  'readString',
  'writeInt',
  'writeLong',
  'writeFixed',
  'writeString',
] as const;

const { Tap: Base } = createRequire(import.meta.url)('avsc/lib/utils.js') as { Tap: new (buf: Buffer, pos: number) => AvscTap };
for (const name of overridden)
  if (typeof Base?.prototype[name] !== 'function') throw error('AORTA_SCHEMA_011', { problem: `its Tap has no ${name}` });

/** Thrown by a read of bytes that are not Avro; whoever catches it finds out why. One object: a stack for each would be dear. */
const malformed = new Error('malformed');

/** Texts up to here are read and written without a call out of JavaScript, which costs more than the loop. */
const shortRead = 40;
const shortWrite = 48;
const low28 = 2 ** 28;

/**
 * avsc's Tap, but its reads check what they read: after a type without arrays, maps and recursion was read without an
 * exception and `pos` is where the payload ends, the bytes were what `Walk` accepts. Same bytes and values as avsc 5.7.9.
 */
export class Tap extends Base {
  override readBoolean(): boolean {
    const byte = this.buf[this.pos++] as number;
    if (byte > 1) throw malformed;
    return byte === 1;
  }

  override readInt(): number {
    const value = this.readLong();
    if (value > 2147483647 || value < -2147483648) throw malformed;
    return value;
  }

  /** Exact to 2^53, beyond it rounded. avsc goes through a multiplication for each byte from the fifth on. */
  override readLong(): number {
    const { buf } = this;
    let byte = buf[this.pos++] as number;
    if (byte < 0x80) return (byte >> 1) ^ -(byte & 1);
    let low = byte & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      byte = buf[this.pos++] as number;
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (low >> 1) ^ -(low & 1);
    }
    let high = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      byte = buf[this.pos++] as number;
      high |= (byte & 0x7f) << shift;
      if (byte < 0x80) return zigzag(low, high);
    }
    for (let scale = low28; scale <= 128 * low28; scale *= 128) {
      byte = buf[this.pos++] as number;
      high += (byte & 0x7f) * scale;
      if (byte < 0x80 && (byte < 2 || scale === low28)) return zigzag(low, high);
    }
    throw malformed;
  }

  override readBytes(): Buffer {
    return this.readFixed(this.readLong());
  }

  /**
   * A copy in Node's own pool: a handler that changes its value must not change the record that a retry reads again.
   * avsc copies into slabs of 4 KB that it fills with zeros first.
   */
  override readFixed(length: number): Buffer {
    const start = this.pos;
    this.pos += length;
    if (!(length >= 0 && this.pos <= this.buf.length)) throw malformed;
    const own = Buffer.allocUnsafe(length);
    this.buf.copy(own, 0, start, this.pos);
    return own;
  }

  override readString(): string {
    const length = this.readLong();
    const start = this.pos;
    const end = start + length;
    if (!(length >= 0 && end <= this.buf.length)) throw malformed;
    this.pos = end;
    if (length <= shortRead) {
      const text = (ascii[length] as Ascii)(this.buf, start);
      if (text !== undefined) return text;
    }
    return this.buf.toString('utf8', start, end);
  }

  override writeInt(value: number): void {
    this.writeLong(value);
  }

  /** Exact below 2^52, as the sign is the last bit of twice the value. */
  override writeLong(value: number): void {
    const { buf } = this;
    let pos = this.pos;
    let low: number;
    if (value >= -1073741824 && value < 1073741824) low = (value << 1) ^ (value >> 31);
    else {
      const raw = value >= 0 ? value * 2 : -value * 2 - 1;
      const high = Math.floor(raw / low28);
      low = raw - high * low28;
      for (let i = 0; i < 4; i++) {
        buf[pos++] = (low & 0x7f) | 0x80;
        low >>= 7;
      }
      low = high;
    }
    for (; low >= 0x80; low >>= 7) buf[pos++] = (low & 0x7f) | 0x80;
    buf[pos++] = low;
    this.pos = pos;
  }

  override writeFixed(bytes: Buffer, length = bytes.length): void {
    const start = this.pos;
    this.pos += length;
    if (this.pos > this.buf.length) return;
    if (length === bytes.length) this.buf.set(bytes, start);
    else bytes.copy(this.buf, start, 0, length);
  }

  override writeString(text: string): void {
    const { length } = text;
    const { buf, pos } = this;
    if (length <= shortWrite && pos + length < buf.length) {
      let i = 0;
      for (; i < length; i++) {
        const unit = text.charCodeAt(i);
        if (unit > 0x7f) break;
        buf[pos + 1 + i] = unit;
      }
      if (i === length) {
        buf[pos] = length << 1;
        this.pos = pos + 1 + length;
        return;
      }
    }
    // ASCII: as many bytes as units.
    if (length > shortWrite && Buffer.byteLength(text) === length) {
      this.writeLong(length);
      const start = this.pos;
      this.pos += length;
      if (this.pos <= buf.length) buf.write(text, start, length, 'latin1');
      return;
    }
    super.writeString(text);
  }
}

/** The value of a zigzag number of 28 bits and what stands above them. */
function zigzag(low: number, high: number): number {
  const half = high * 2 ** 27 + (low >>> 1);
  return low & 1 ? -half - 1 : half;
}

type Ascii = (buf: Buffer, start: number) => string | undefined;

/**
 * By length: the text of so many bytes, undefined when they are not ASCII. One call with all units makes a text at once,
 * without leaving JavaScript; written out, as collecting them in an array costs as much again.
 */
const ascii: readonly Ascii[] = Array.from({ length: shortRead + 1 }, (_, length) => {
  if (length === 0) return () => '';
  const units = Array.from({ length }, (_, i) => `c${i}`);
  const read = units.map((unit, i) => `${unit} = buf[start + ${i}]`).join(', ');
  return new Function(
    'buf',
    'start',
    `const ${read};\nreturn (${units.join(' | ')}) > 127 ? undefined : String.fromCharCode(${units.join(', ')});`,
  ) as Ascii;
});
