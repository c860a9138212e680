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
  /** Adds to a counter that forgets itself `ttlMs` after its first change; gives the new value. */
  count(counter: string, by: number, ttlMs: number): Promise<number>;
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

export interface BucketAsk extends Pace {
  /** Books nothing that is further away than this. */
  readonly maxWaitMs: number;
  /** Who asks: workers that asked within the last half minute are counted. */
  readonly worker: string;
  /** No place before this many milliseconds from now: what was booked elsewhere meanwhile. */
  readonly afterMs?: number;
  /**
   * The asker has kept to its share while the server was away: for this long everybody does, until all have come back.
   * Nothing is granted meanwhile; `afterMs` of each asker moves the place with which the bucket goes on.
   */
  readonly settleMs?: number;
}

export interface Reservation {
  readonly granted: boolean;
  /** Milliseconds until the place; if none was granted, until the next one would be free. */
  readonly waitMs: number;
  /** Workers that share the bucket, the asking one included. */
  readonly workers: number;
  /** Somebody came back a moment ago: each worker keeps to its share. Nothing is granted, and `waitMs` is 0. */
  readonly settling: boolean;
}

/** A worker that asked for no place for this long is not counted any more. */
export const workerMs = 30_000;
