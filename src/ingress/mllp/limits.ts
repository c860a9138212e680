export interface MllpLimits {
  /** Bytes of a frame. @default 33_554_432 */
  readonly frameBytes: number;
  /** Bytes that open frames and unanswered messages of all connections may hold; then open frames above 1 MiB are refused. @default 268_435_456 */
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
  /** Bytes of them: above it one message at a time is worked on. @default 8_388_608 */
  readonly inFlightBytes: number;
  /** Messages of one batch, or of one frame. @default 10_000 */
  readonly batchMessages: number;
  /** Refused input kept from one address: entries and bytes at once, and how many more a second. What is above is only counted. @default 2_000, 20 */
  readonly quarantineEntries: number;
  readonly quarantineEntriesPerSecond: number;
  /** @default 134_217_728, 2_097_152 */
  readonly quarantineBytes: number;
  readonly quarantineBytesPerSecond: number;
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
  inFlightBytes: 8 * 1024 * 1024,
  batchMessages: 10_000,
  quarantineEntries: 2_000,
  quarantineEntriesPerSecond: 20,
  quarantineBytes: 128 * 1024 * 1024,
  quarantineBytesPerSecond: 2 * 1024 * 1024,
};
