/** Port **Secrets**: `secret:<name>` references are resolved at run time, never stored in configuration. */
export interface Secrets {
  /** The value of a `secret:<name>` reference; cached for 5 minutes, stale value used while the provider is down. */
  get(reference: string): Promise<string>;
  close(): Promise<void>;
}
