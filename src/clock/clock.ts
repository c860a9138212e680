/** Time and chance come from here only: the simulator and the TestDriver replace both. */
export interface Clock {
  /** Wall clock, milliseconds since 1970 (UTC). */
  now(): number;
  /** Milliseconds that never go backward; for durations and deadlines. */
  monotonic(): number;
  /** Calls `fn` once after `ms` milliseconds. The result cancels it. */
  after(ms: number, fn: () => void): () => void;
  /** Calls `fn` after the I/O that is ready now: a yield, not a wait. */
  soon(fn: () => void): void;
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** `length` random bytes. */
  bytes(length: number): Uint8Array;
}
