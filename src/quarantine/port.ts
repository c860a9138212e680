/** Port **Quarantine**: input that an entry point refused, whole, with its reason; shown, fixed and resubmitted by operators. */
export interface QuarantineEntry {
  readonly id: string;
  /** Entry point: `mllp`, `flow/<name>`, … */
  readonly source: string;
  /** Peer address or sending application; no PHI. */
  readonly peer: string;
  readonly code: string;
  /** No PHI. */
  readonly reason: string;
  readonly receivedAt: number;
  readonly size: number;
  /** The bytes as received; may be cut at 1 MiB (`size` tells the real length). */
  readonly body: Buffer;
  /** What an operator did with it; then it waits for nobody, and is kept to be looked at. */
  readonly resolution?: 'resubmitted' | 'fixed' | 'dismissed';
}

export interface Quarantine {
  readonly kind: 'postgres' | 'sqlite';
  put(entry: QuarantineEntry): Promise<void>;
  /** Those that wait for somebody, newest first. */
  list(limit: number, before?: string): Promise<readonly Omit<QuarantineEntry, 'body'>[]>;
  get(id: string): Promise<QuarantineEntry | undefined>;
  /** How many wait for somebody. */
  count(): Promise<number>;
  /** False: it is not there, or was resolved before. */
  resolve(id: string, resolution: NonNullable<QuarantineEntry['resolution']>, at: number): Promise<boolean>;
  prune(before: number): Promise<number>;
  close(): Promise<void>;
}
