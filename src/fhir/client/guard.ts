/**
 * What stands around every request to an EHR: breaker, limiter, deadline. `src/guard` has the whole one (opossum,
 * bottleneck); this is its shape, so that a protocol needs to know neither.
 */
export interface Guard {
  /**
   * Runs the work, or refuses at once when it must not run now. The signal given to the work is aborted when the
   * deadline has passed or the caller's signal is. Failures of class Transient and Overload (`AortaError.class`, with
   * `retryAfterMs` where the EHR named a time) are the EHR's; everything else says nothing about its health.
   */
  run<T>(work: (signal: AbortSignal) => Promise<T>, options: { readonly deadlineMs: number; readonly signal?: AbortSignal }): Promise<T>;
}

/** The part of src/clock that is needed here. */
export interface Clock {
  now(): number;
  after(ms: number, fn: () => void): () => void;
}
