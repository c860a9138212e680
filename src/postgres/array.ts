/**
 * PostgreSQL arrays in their binary wire form, for `unnest` parameters: no quoting, and a tenth of the time that the
 * text form takes for bytea. Layout: int32 dimensions, has-null flag, element type, length, lower bound, then each
 * element as int32 length (-1: null) and bytes.
 */
const oid = { bytea: 17, int8: 20, int2: 21, int4: 23, text: 25, float8: 701 } as const;
export type ElementType = keyof typeof oid;

/** A list of buffers is one element: its bytes one behind the other, copied once. */
type Element = string | number | Buffer | readonly Buffer[] | null;
const fixed: Readonly<Partial<Record<ElementType, number>>> = { int8: 8, int2: 2, int4: 4, float8: 8 };
const header = 20;

export function array(type: ElementType, values: readonly Element[]): Buffer {
  const size = fixed[type];
  const lengths = size === undefined ? values.map(lengthOf) : undefined;
  let total = header;
  for (let i = 0; i < values.length; i++) total += 4 + (values[i] === null ? 0 : (size ?? (lengths?.[i] as number)));

  const buffer = Buffer.allocUnsafe(total);
  buffer.writeInt32BE(values.length === 0 ? 0 : 1, 0);
  buffer.writeInt32BE(values.includes(null) ? 1 : 0, 4);
  buffer.writeInt32BE(oid[type], 8);
  buffer.writeInt32BE(values.length, 12);
  buffer.writeInt32BE(1, 16);
  let at = header;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as Element;
    if (value === null) {
      at = buffer.writeInt32BE(-1, at);
      continue;
    }
    at = buffer.writeInt32BE(size ?? (lengths?.[i] as number), at);
    if (typeof value === 'string') at += buffer.write(value, at, 'utf8');
    else if (typeof value === 'number') at = writeNumber(buffer, type, value, at);
    else if (Buffer.isBuffer(value)) at += value.copy(buffer, at);
    else for (const part of value) at += part.copy(buffer, at);
  }
  return values.length === 0 ? buffer.subarray(0, 12) : buffer;
}

const lengthOf = (value: Element): number =>
  value === null
    ? 0
    : typeof value === 'string'
      ? Buffer.byteLength(value)
      : Buffer.isBuffer(value)
        ? value.length
        : (value as readonly Buffer[]).reduce((sum, part) => sum + part.length, 0);

function writeNumber(buffer: Buffer, type: ElementType, value: number, at: number): number {
  switch (type) {
    case 'int2':
      return buffer.writeInt16BE(value, at);
    case 'int4':
      return buffer.writeInt32BE(value, at);
    case 'float8':
      return buffer.writeDoubleBE(value, at);
    default: {
      // Two halves: a BigInt for each number costs more than the whole array.
      const high = Math.floor(value / 2 ** 32);
      buffer.writeInt32BE(high, at);
      return buffer.writeUInt32BE(value - high * 2 ** 32, at + 4);
    }
  }
}
