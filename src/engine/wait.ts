/** Why something waits. Everything that waits has one of these and a bound (SEMANTICS.md, I7). */
export type WaitReason =
  | 'queued'
  | 'loading-state'
  | 'running'
  | 'retry'
  | 'breaker'
  | 'limiter'
  | 'claim'
  | 'commit'
  | 'produce'
  | 'held'
  | 'parked'
  | 'suspect'
  | 'refused'
  | 'draining'
  | 'unknown';

/** One line of `aorta why`. No PHI: the asker named the patient. */
export interface Waiting {
  readonly reason: WaitReason;
  readonly topic: string;
  readonly partition: number;
  readonly offset?: number;
  readonly operator?: string;
  readonly attempt?: number;
  /** Milliseconds that it has waited. */
  readonly forMs?: number;
  /** Milliseconds since 1970 at which it ends by itself, where that is known. */
  readonly until?: number;
  readonly code?: string;
  /** Envelopes of the same patient behind it. */
  readonly behind?: number;
  /** Past its bound, or without a reason. */
  readonly overdue: boolean;
  readonly message: string;
}
