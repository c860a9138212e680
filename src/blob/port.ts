/** Port **Blob**: bodies above 256 KiB. Content-addressed; kept at least as long as topic, dead letters and held list. */
export interface BlobRef {
  /** `blob:sha256/<hex>` */
  readonly ref: string;
  readonly sha256: string;
  readonly size: number;
}

export interface Blob {
  readonly kind: 'file' | 'postgres';
  /** Durable when resolved. The same bytes give the same reference. */
  put(bytes: Buffer): Promise<BlobRef>;
  /** Unknown reference: Permanent. A body whose digest differs: Permanent (corrupt). */
  get(ref: string): Promise<Buffer>;
  /** Removes bodies last put before `before` (milliseconds); returns how many. */
  prune(before: number): Promise<number>;
  close(): Promise<void>;
}

/** Bodies above this many bytes go through Blob. */
export const blobThreshold = 256 * 1024;
