import type { Target } from './target.ts';

/** Guards of all targets of this worker: breaker, quota, bulkhead, queue and deadline. See `createGuards`. */
export interface Guards {
  /** The guard of a target; the same name declared otherwise is AORTA_GUARD_004. */
  use(target: Target): Promise<Guard>;
  states(): readonly TargetState[];
  /** Called after every change of a breaker. The result stops it. */
  onChange(listener: (state: TargetState) => void): () => void;
  close(): void;
}

export interface Guard {
  readonly target: Target;
  /**
   * One attempt: asks the breaker, waits for a place (bulkhead, then quota), runs with a signal of its own.
   *
   * Rejects with AORTA_GUARD_001 or 002 (Overload; `retryAfterMs` says when to come again; the work did not run), with
   * AORTA_GUARD_003 at the deadline, with the signal's reason, or with what the work threw, classified.
   */
  run<T>(attempt: Attempt<T>): Promise<T>;
  /** An attempt now would not wait: a place is free, nobody is before it, and there is no quota. */
  readonly free: boolean;
  /** Milliseconds before which an attempt would be refused; 0: it would not, as far as this worker knows. */
  waitMs(): number;
  readonly state: TargetState;
}

export interface Attempt<T> {
  /** Of the turn: ends the wait and the call. */
  readonly signal: AbortSignal;
  /** Milliseconds of running time; the target's if left out. */
  readonly deadlineMs?: number;
  /**
   * Milliseconds that its caller has, waiting included. One that would have to wait and could not be answered in them, as calls
   * go lately, is refused at once (AORTA_GUARD_002). What ends by `signal` then says nothing about the target, whatever the reason:
   * the wait may have used the time up. @default as long as the queue lets it wait
   */
  readonly withinMs?: number;
  work(signal: AbortSignal): PromiseLike<T>;
}

export interface TargetState {
  readonly target: string;
  readonly breaker: 'closed' | 'open' | 'half-open';
  /** Milliseconds until the breaker lets a probe through; 0 unless it is open. */
  readonly opensInMs: number;
  /** Milliseconds that the target's own Retry-After still asks for. */
  readonly throttledMs: number;
  readonly queued: number;
  readonly running: number;
  /** The quota is this worker's share, because Redis is away. */
  readonly localShare: boolean;
}
