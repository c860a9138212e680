/** One value of a batch, and what its function may know of its envelope. */
export interface BatchItem<A> {
  readonly value: A;
  /** The patient id. */
  readonly key: string;
  /** The same in every retry, replay and redrive: the item's idempotency key. */
  readonly eventId: string;
  /** Milliseconds since 1970: the root's log timestamp, or the timer's due time. */
  readonly now: number;
  /** 1 for the first try. */
  readonly attempt: number;
}

/** How a `batch` node joins its values; made once, with the node. */
export interface BatchPlan {
  readonly max: number;
  readonly within: number;
  readonly deadlineMs: number;
  run(items: readonly BatchItem<unknown>[], signal: AbortSignal): PromiseLike<readonly unknown[]>;
}
