export interface MllpLimits {
  /** Bytes of a frame. @default 33_554_432 */
  readonly frameBytes: number;
  /** Bytes that the open frames of all connections may hold; only large ones (1 MiB) are refused for it. @default 268_435_456 */
  readonly heldBytes: number;
  /** Bytes outside of frames after which a connection without a single frame is closed. @default 1_048_576 */
  readonly outsideBytes: number;
  /** Milliseconds without a byte, between frames, after which a connection is closed. @default 600_000 */
  readonly idleMs: number;
  /** Milliseconds for a frame to be complete; a larger one has a second more for every `frameRate` bytes received. @default 30_000 */
  readonly frameMs: number;
  /** Bytes a second. @default 16_384 */
  readonly frameRate: number;
  /** Milliseconds a peer may leave an answer unread. @default 30_000 */
  readonly writeMs: number;
  /** @default 1_000 */
  readonly connections: number;
  /** From one address. @default 200 */
  readonly connectionsPerPeer: number;
  /** Messages of one connection that may be unanswered before reading from it stops. @default 64 */
  readonly inFlight: number;
}

export const defaultLimits: MllpLimits = {
  frameBytes: 32 * 1024 * 1024,
  heldBytes: 256 * 1024 * 1024,
  outsideBytes: 1024 * 1024,
  idleMs: 600_000,
  frameMs: 30_000,
  frameRate: 16 * 1024,
  writeMs: 30_000,
  connections: 1_000,
  connectionsPerPeer: 200,
  inFlight: 64,
};
