/**
 * A request as the one buffer that goes to the socket. kafkajs writes the body into a buffer that grows by doubling, copies
 * that behind the header into a second one, and that behind the length into a third; each is filled with zeros first. A
 * produce request of a megabyte costs more that way than its records.
 */
export interface FramedBody {
  /** Bytes of the body. */
  readonly size: number;
  /** Writes the body at `at`; exactly `size` bytes. */
  write(into: Buffer, at: number): void;
  /** Memory of exactly this size for the whole request; new memory when absent. */
  memory?(bytes: number): Buffer;
}

interface RequestParts {
  readonly correlationId: number;
  readonly clientId: string | null;
  readonly request: { readonly apiKey: number; readonly apiVersion: number; readonly frame?: FramedBody };
}

/** kafkajs's `createRequest`: resolves with what its connection writes. */
export type MakeRequest = (parts: RequestParts) => Promise<{ readonly buffer: Buffer }>;

/** Length, API key, API version, correlation id and the length of the client id. */
const headerBytes = 4 + 2 + 2 + 4 + 2;

/** Requests with a `frame` are written in one pass (Kafka protocol, request header version 1); the others as before. */
export const withFrames =
  (otherwise: MakeRequest): MakeRequest =>
  async (parts) => {
    const { frame, apiKey, apiVersion } = parts.request;
    if (frame === undefined) return otherwise(parts);
    const client = parts.clientId === null ? 0 : Buffer.byteLength(parts.clientId);
    const size = headerBytes + client + frame.size;
    const buffer = frame.memory ? frame.memory(size) : Buffer.allocUnsafe(size);
    buffer.writeInt32BE(buffer.length - 4, 0);
    buffer.writeInt16BE(apiKey, 4);
    buffer.writeInt16BE(apiVersion, 6);
    buffer.writeInt32BE(parts.correlationId, 8);
    buffer.writeInt16BE(parts.clientId === null ? -1 : client, 12);
    if (client > 0) buffer.write(parts.clientId as string, headerBytes, client, 'utf8');
    frame.write(buffer, headerBytes + client);
    return { buffer };
  };
