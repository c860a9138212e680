/** Why something waits. Everything that waits has one of these and a bound (SEMANTICS.md, I7). */
export type WaitReason =
  | 'queued'
  | 'loading-state'
  | 'running'
  | 'batch'
  | 'retry'
  | 'breaker'
  | 'limiter'
  | 'claim'
  | 'commit'
  | 'produce'
  | 'held'
  | 'lane'
  | 'parked'
  | 'suspect'
  | 'refused'
  | 'draining'
  /** The dead-letter brake of the flow is on. */
  | 'brake'
  /** Aborted at its deadline, and still running. */
  | 'hung'
  /** Its step ended with acknowledgements open. */
  | 'unsettled'
  | 'unknown';

/** Longer than any bound that the engine sets on a step of its own (statement time-out 5 s, drain 8 s). */
export const slackMs = 30_000;

/** One line of `aorta why`. No PHI: the asker named the patient. */
export interface Waiting {
  readonly reason: WaitReason;
  /** The independent lane; left out: `main`. */
  readonly lane?: string;
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
