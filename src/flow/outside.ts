import { sha256 } from './canonical.ts';
import type { Context } from './context.ts';

/** What a function that calls an outside system may know besides. */
export interface CallContext extends Context {
  /**
   * The same for every repetition of this call, after a retry, a crash or a redrive: send it along (`Idempotency-Key`,
   * `If-None-Exist`), and the other side can tell a repetition from a new request. 64 hexadecimal digits.
   */
  readonly idempotencyKey: string;
  /** Name of the target. */
  readonly target: string;
}

/** One call that an operator asks its turn for. */
export interface OutsideCall {
  /** Name of the target. */
  readonly target: string;
  readonly deadlineMs: number;
  /** A key of the record's own instead of its event id. */
  readonly key: string | undefined;
  /** Stores the response before anything later runs. */
  readonly journal: boolean;
  /** It changes nothing outside: it may be repeated by anybody at any time. */
  readonly readOnly: boolean;
  work(ctx: CallContext): PromiseLike<unknown>;
  /** In place of the call while the target's breaker is open. */
  readonly fallback: ((ctx: Context) => unknown) | undefined;
}

/** One cached read that an operator asks its turn for. */
export interface Lookup {
  /** Name of the target whose guard is asked; without one only the deadline holds. */
  readonly target: string | undefined;
  readonly key: string;
  readonly deadlineMs: number;
  /** Entries kept, and milliseconds for which one is good; no cache without it. */
  readonly cache: { readonly max: number; readonly ttlMs: number } | undefined;
  work(signal: AbortSignal): PromiseLike<unknown>;
}

/** How ids are told apart. */
export interface Once {
  /** Milliseconds for which an id is remembered at least; the source's retention if that is longer. */
  readonly ttlMs: number;
  /** Milliseconds after which the claim of a worker that died lapses. */
  readonly leaseMs: number;
  /** What to do while nobody can be asked for claims. */
  readonly whenAway: 'process' | 'wait';
}

/** Hash of (flow, node, event id, child), or of (flow, node, the record's own key). */
export const idempotencyKey = (flow: string, node: string, of: { eventId: string; child: number } | { key: string }): string =>
  sha256(JSON.stringify('key' in of ? [flow, node, 'key', of.key] : [flow, node, 'event', of.eventId, of.child]));
