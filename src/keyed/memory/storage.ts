/** Where the in-process buckets and counters are kept over a restart. */
export interface BucketStorage {
  load(): Promise<readonly BucketRow[]>;
  /** Inserts or replaces. */
  save(rows: readonly BucketRow[]): Promise<void>;
  loadCounters(): Promise<readonly CounterRow[]>;
  /** Inserts or replaces; what ended before `now` goes. */
  saveCounter(row: CounterRow, now: number): Promise<void>;
}

export interface CounterRow {
  readonly counter: string;
  /** Of all parts. */
  readonly value: number;
  /** Milliseconds since 1970 at which it is forgotten. */
  readonly until: number;
}

export interface BucketRow {
  readonly bucket: string;
  /** Milliseconds since 1970 at which the bucket's next place comes (may be a fraction). */
  readonly until: number;
}
