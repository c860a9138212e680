/** Port **Telemetry**: metrics and log lines. Labels and fields never hold PHI nor patient ids. */
export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  inc(by?: number): void;
}
export interface Gauge {
  set(value: number): void;
}
export interface Histogram {
  /** Base units: seconds, bytes. */
  observe(value: number): void;
}

export interface Telemetry {
  /** `aorta_*_total`. The same name and labels give the same counter. Ask once and keep it: not for the hot path. */
  counter(name: string, help: string, labels?: Labels): Counter;
  gauge(name: string, help: string, labels?: Labels): Gauge;
  /** A gauge read when scraped. The result stops it. */
  sampled(name: string, help: string, labels: Labels, read: () => number): () => void;
  histogram(name: string, help: string, buckets: readonly number[], labels?: Labels): Histogram;
  /** One line: a stable event name and allow-listed fields. */
  log(level: 'debug' | 'info' | 'warn' | 'error', event: string, fields?: Readonly<Record<string, unknown>>): void;
}

const nothing = { inc() {}, set() {}, observe() {} };

/** For tests and tools that want none. */
export const silentTelemetry: Telemetry = {
  counter: () => nothing,
  gauge: () => nothing,
  sampled: () => () => {},
  histogram: () => nothing,
  log() {},
};
