/**
 * Port **Keyed**: claims, token buckets and counters that workers share. Adapters: redis/ and memory/ (one process).
 * `test/keyed/conformance.ts` is the one suite that both pass.
 *
 * A cache, never the guarantee: everything in it may vanish or go back in time (a flush, a failover), and every caller
 * stays right without it. It never hangs: a call ends within `commandTimeoutMs` or rejects (`Transient`), and while the
 * server is known to be away it rejects at once.
 *
 * Keys and coordinates hold no PHI: callers hash what may be an identifier.
 */
export interface Keyed {
  readonly kind: 'redis' | 'memory';
  /**
   * Takes `key` for the record at `coordinate` until the lease lapses. The same coordinate always gets it again: a record
   * is never a duplicate of itself.
   */
  claim(key: string, coordinate: string, leaseMs: number): Promise<Claim>;
  /** What was claimed has happened: the key is taken for `ttlMs`. False if another record's confirmation stands. */
  confirm(key: string, coordinate: string, ttlMs: number): Promise<boolean>;
  /** Gives an open claim of this coordinate back; a confirmation and other records' claims stay. */
  release(key: string, coordinate: string): Promise<boolean>;
  /** Books one place in the bucket, now or up to `maxWaitMs` ahead. A place that is not used is lost, not given twice. */
  reserve(bucket: string, ask: BucketAsk): Promise<Reservation>;
  /** Nobody gets a place of the bucket before `ms` from now, and no burst afterwards. A shorter pause changes nothing. */
  pause(bucket: string, ms: number, pace: Pace): Promise<void>;
  /** Adds to a counter that forgets itself `ttlMs` after its first change. */
  count(counter: string, by: number, ttlMs: number, asker: Asker): Promise<Counted>;
  /** Rejects when the server does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export type Claim =
  | { readonly state: 'claimed' }
  /** Another record holds an open claim for this long at most. */
  | { readonly state: 'open'; readonly leftMs: number }
  /** Another record's claim was confirmed. */
  | { readonly state: 'confirmed' };

export interface Pace {
  /** Milliseconds between two places; may be a fraction. */
  readonly intervalMs: number;
  /** Places that may be used at once after a rest; at least 1. */
  readonly burst: number;
}

/** Who asks for a part of what workers share (share.ts). */
export interface Asker {
  readonly worker: string;
  /** A worker that asked for nothing for this long is not counted any more. @default 30_000 */
  readonly workerMs?: number;
  /** The asker has kept to its share while the server was away: for this long everybody does, until all have come back. */
  readonly settleMs?: number;
}

export interface Shared {
  /** Workers that share it, the asking one included. */
  readonly workers: number;
  /** Somebody came back a moment ago: each worker keeps to its share. */
  readonly settling: boolean;
}

export interface BucketAsk extends Pace, Asker {
  /** Books nothing that is further away than this. */
  readonly maxWaitMs: number;
  /** No place before this many milliseconds from now: what was booked elsewhere meanwhile. */
  readonly afterMs?: number;
}

/**
 * While workers settle nothing is granted, and `waitMs` is 0: the bucket goes on behind the longest `afterMs` that any of
 * them told, and without a burst.
 */
export interface Reservation extends Shared {
  readonly granted: boolean;
  /** Milliseconds until the place; if none was granted, until the next one would be free. */
  readonly waitMs: number;
  /** Milliseconds from now up to which the bucket is booked, `burst - 1` intervals beyond its next place. */
  readonly aheadMs: number;
}

export interface Counted extends Shared {
  readonly value: number;
}

export const standardWorkerMs = 30_000;
