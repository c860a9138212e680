/** Where the in-process buckets are kept over a restart. */
export interface BucketStorage {
  load(): Promise<readonly BucketRow[]>;
  /** Inserts or replaces. */
  save(rows: readonly BucketRow[]): Promise<void>;
}

export interface BucketRow {
  readonly bucket: string;
  /** Milliseconds since 1970 at which the bucket's next place comes (may be a fraction). */
  readonly until: number;
}
