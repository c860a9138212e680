import type { Socket } from 'node:net';

/** As pg gives it to its connection. */
interface Bind {
  readonly portal?: string;
  readonly statement?: string;
  readonly values?: readonly (string | number | Buffer | null)[];
  readonly binary?: boolean;
}

export interface Connection {
  readonly stream: Socket;
  bind(message: Bind): void;
}

/** Bytes from which a parameter is not copied: below it, a part more for the socket costs as much as the copy. */
const large = 4096;
const isLarge = (value: unknown): value is Buffer => Buffer.isBuffer(value) && value.length >= large;

/**
 * Lets large parameters go to the socket as they are. pg copies all of a Bind message into a buffer that grows, and copies
 * that again each time it does; an array parameter of a transaction has hundreds of kilobytes.
 */
export function bindInParts(connection: Connection): void {
  const whole = connection.bind.bind(connection);
  connection.bind = (message) => {
    if (!message.values?.some(isLarge)) return whole(message);
    if (connection.stream.writable) for (const part of partsOf(message)) connection.stream.write(part);
  };
}

/** The Bind message of the frontend/backend protocol, version 3: buffers in binary form, everything else as text. */
export function partsOf({ portal = '', statement = '', values = [], binary = false }: Bind): Buffer[] {
  const params = values.map((value) => (value === null || Buffer.isBuffer(value) ? value : Buffer.from(String(value))));
  const length = params.reduce((sum, param) => sum + 4 + (param?.length ?? 0), 0);
  const uncopied = params.reduce((sum, param) => sum + (isLarge(param) ? param.length : 0), 0);
  const total = 4 + Buffer.byteLength(portal) + 1 + Buffer.byteLength(statement) + 1 + 2 + 2 * values.length + 2 + length + 4;
  const buffer = Buffer.allocUnsafe(1 + total - uncopied);
  const parts: Buffer[] = [];
  let [from, at] = [0, 0];
  at = buffer.writeUInt8(0x42, at);
  at = buffer.writeInt32BE(total, at);
  for (const name of [portal, statement]) {
    at += buffer.write(name, at);
    at = buffer.writeUInt8(0, at);
  }
  at = buffer.writeInt16BE(values.length, at);
  for (const value of values) at = buffer.writeInt16BE(Buffer.isBuffer(value) ? 1 : 0, at);
  at = buffer.writeInt16BE(values.length, at);
  for (const param of params) {
    at = buffer.writeInt32BE(param?.length ?? -1, at);
    if (param === null) continue;
    if (isLarge(param)) {
      parts.push(buffer.subarray(from, at), param);
      from = at;
    } else at += (param as Buffer).copy(buffer, at);
  }
  at = buffer.writeInt16BE(1, at);
  buffer.writeInt16BE(binary ? 1 : 0, at);
  parts.push(buffer.subarray(from));
  return parts;
}
