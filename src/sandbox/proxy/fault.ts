/** What a connection suffers. Several at once: each part that is given holds. */
export interface Fault {
  /** Milliseconds that every piece is late, and by how much that varies, in both directions. Order is kept. */
  readonly latency?: { readonly ms: number; readonly jitterMs?: number };
  /** Bytes a second of each connection and direction. */
  readonly bandwidth?: number;
  /** Pieces of at most `bytes`, with a pause of `gapMs` between them: frames never arrive whole. */
  readonly slice?: { readonly bytes: number; readonly gapMs?: number };
  /** Nothing passes and nothing closes; new connections are accepted. What had been held passes once it is taken away. */
  readonly blackHole?: boolean;
  /** New connections are reset at once. */
  readonly refuse?: boolean;
}

/**
 * A reply that the server has sent and the client never gets: the connection is reset in its place. The request has taken
 * effect and nobody knows.
 * - `bytes`: after so many bytes of replies on one connection.
 * - `every`: each k-th reply of the proxy. A reply is what the server sends between two pieces of the client's.
 * - `when`: a reply of which it says so.
 */
export type LostReply = { readonly bytes: number } | { readonly every: number } | { readonly when: (bytes: Buffer) => boolean };

/** How many milliseconds a piece waits: jitter spreads it evenly around the latency. */
export function lateness(fault: Fault, chance: number): number {
  if (!fault.latency) return 0;
  const { ms, jitterMs = 0 } = fault.latency;
  return Math.max(0, ms + (chance * 2 - 1) * jitterMs);
}

/** The pieces in which these bytes travel. */
export function pieces(bytes: Buffer, fault: Fault): readonly Buffer[] {
  // A tenth of a second's worth at once: the rate holds, and the wait is short enough to be taken away.
  const rate = fault.bandwidth === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(fault.bandwidth / 10));
  const size = Math.min(fault.slice?.bytes ?? Number.POSITIVE_INFINITY, rate);
  if (bytes.length <= size) return [bytes];
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size));
}

/** Milliseconds between one piece and the next. */
export const gap = (piece: Buffer, fault: Fault): number =>
  Math.max(fault.slice?.gapMs ?? 0, fault.bandwidth === undefined ? 0 : (piece.length / fault.bandwidth) * 1000);
