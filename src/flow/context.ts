/** What a user's function may know of the envelope that it handles. */
export interface Context {
  /** The patient id. */
  readonly key: string;
  /** Set once, at ingress; the same in every retry, replay and redrive. */
  readonly eventId: string;
  /** Milliseconds since 1970: the root's log timestamp, or the timer's due time. Handlers are deterministic by it. */
  readonly now: number;
  readonly source: { readonly topic: string; readonly partition: number; readonly offset: number };
  /** Aborted at the operator's deadline, on revoke, and when the turn is discarded. */
  readonly signal: AbortSignal;
  /** The running graph's hash. */
  readonly flowHash: string;
  /** 1 for the first try. */
  readonly attempt: number;
}
