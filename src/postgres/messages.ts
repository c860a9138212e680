/** One statement of a pipeline, as the frontend/backend protocol (version 3) has it. */
export interface Message {
  /** Of the prepared statement; empty: it is for this time only. */
  readonly name: string;
  /** To be parsed under that name first. */
  readonly parse?: string | undefined;
  /** Buffers go in binary form, everything else as text. */
  readonly values: readonly (string | number | Buffer | null)[];
  /** Ask for the columns of its result. */
  readonly describe: boolean;
}

/** Bytes from which a parameter is not copied: below it, a part more for the socket costs as much as the copy. */
const large = 16 * 1024;
const isLarge = (value: string | Buffer): boolean => typeof value !== 'string' && value.length >= large;
/** Characters up to which a text is not measured before it is written: measuring takes as long as writing. */
const short = 1024;

const describeUnnamed = Buffer.from([0x44, 0, 0, 0, 6, 0x50, 0]);
const executeUnnamed = Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0]);
const sync = Buffer.from([0x53, 0, 0, 0, 4]);

/**
 * All messages of a pipeline with one Sync at its end. The server answers at a Sync and flushes its answer there: with one
 * for each statement, a transaction of nine wakes both sides nine times.
 */
export function messagesOf(messages: readonly Message[]): Buffer[] {
  const params = messages.map(({ values }) =>
    values.map((value) => (value === null || Buffer.isBuffer(value) || typeof value === 'string' ? value : parameter(value))),
  );
  const buffer = Buffer.allocUnsafe(messages.reduce((sum, message, i) => sum + sizeOf(message, params[i] ?? []), sync.length));
  const parts: Buffer[] = [];
  let [from, at] = [0, 0];
  const text = (value: string): void => {
    at += buffer.write(value, at);
    buffer[at++] = 0;
  };
  messages.forEach(({ name, parse, describe }, i) => {
    if (parse !== undefined) {
      buffer[at] = 0x50;
      const length = at + 1;
      at += 5;
      text(name);
      text(parse);
      at = buffer.writeInt16BE(0, at);
      buffer.writeInt32BE(at - length, length);
    }
    const values = params[i] ?? [];
    buffer[at] = 0x42;
    const length = at + 1;
    let uncopied = 0;
    at += 5;
    buffer[at++] = 0;
    text(name);
    at = buffer.writeInt16BE(values.length, at);
    for (const value of values) at = buffer.writeInt16BE(Buffer.isBuffer(value) ? 1 : 0, at);
    at = buffer.writeInt16BE(values.length, at);
    // `length` is in a part that may be cut off by then, but it is the same memory.
    for (const value of values) {
      if (value === null) at = buffer.writeInt32BE(-1, at);
      else if (typeof value === 'string') {
        const written = buffer.write(value, at + 4);
        buffer.writeInt32BE(written, at);
        at += 4 + written;
      } else {
        at = buffer.writeInt32BE(value.length, at);
        if (isLarge(value)) {
          parts.push(buffer.subarray(from, at), value);
          from = at;
          uncopied += value.length;
        } else at += value.copy(buffer, at);
      }
    }
    at = buffer.writeInt16BE(1, at);
    at = buffer.writeInt16BE(0, at);
    buffer.writeInt32BE(at - length + uncopied, length);
    if (describe) at += describeUnnamed.copy(buffer, at);
    at += executeUnnamed.copy(buffer, at);
  });
  at += sync.copy(buffer, at);
  parts.push(buffer.subarray(from, at));
  return parts;
}

/** Of what the types allow a number; of what got past them what pg makes of it, or nothing: never the text of an object. */
function parameter(value: unknown): string | Buffer | null {
  if (value === undefined) return null;
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  throw new TypeError(`a parameter of type ${typeof value}`);
}

/** Bytes of its messages, but for parameters that are not copied; of short texts those that they have at most. */
function sizeOf({ name, parse }: Message, params: readonly (string | Buffer | null)[]): number {
  let size = most(name) + 15 + 6 * params.length + describeUnnamed.length + executeUnnamed.length;
  if (parse !== undefined) size += most(name) + most(parse) + 9;
  for (const value of params) if (value !== null && !isLarge(value)) size += typeof value === 'string' ? most(value) : value.length;
  return size;
}

const most = (text: string): number => (text.length <= short ? 3 * text.length : Buffer.byteLength(text));
