import pino, { type DestinationStream } from 'pino';
import { Counter as PromCounter, Gauge as PromGauge, Histogram as PromHistogram, Registry } from 'prom-client';
import { AortaError } from '../errors/index.ts';
import type { Counter, Gauge, Histogram, Labels, Telemetry } from '../telemetry/port.ts';

/** Only these fields reach a log line; everything else is dropped, so that no PHI can slip in by accident. */
const allowed = new Set([
  'flow',
  'lane',
  'topic',
  'partition',
  'partitions',
  'offset',
  'epoch',
  'generation',
  'group',
  'node',
  'operator',
  'reason',
  'code',
  'class',
  'attempt',
  'count',
  'size',
  'ms',
  'bytes',
  'peer',
  'port',
  'host',
  'url',
  'signal',
  'service',
  'event',
  'type',
  'hash',
  'profile',
  'data',
  'pid',
  'error',
  'willRestart',
  'watermark',
  'end',
  'version',
  'route',
  'method',
  'status',
  'connection',
  'limit',
  'field',
  // MSH-3|MSH-4, and the common name of a client's certificate: applications, not persons.
  'sender',
  'certificate',
  'notAfter',
  'tls',
]);

function fieldsOf(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (!allowed.has(name)) continue;
    // An error's message may quote data; ours are written without, others' are reduced to their name and code.
    if (value instanceof AortaError) out[name] = { code: value.code, class: value.class, message: value.message };
    else if (value instanceof Error) out[name] = { name: value.name, code: (value as NodeJS.ErrnoException).code, at: framesOf(value) };
    else out[name] = value;
  }
  return out;
}

/** Where it was thrown, without what was said: messages may quote data, positions do not. */
const framesOf = (thrown: Error): string[] =>
  (thrown.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 4)
    .map((line) => line.trim().slice(3));

export interface PrometheusTelemetry extends Telemetry {
  /** The Prometheus text format. */
  scrape(): Promise<string>;
  readonly contentType: string;
  /** Current values by name; for the dashboard and tests. */
  read(name: string): Promise<readonly { readonly labels: Labels; readonly value: number }[]>;
}

/** What a counter has counted since the last look. */
interface Tally {
  readonly labels: Labels;
  by: number;
}

/** Metrics by prom-client, log lines by pino (JSON on stderr). */
export function prometheusTelemetry(options: { level?: string; destination?: DestinationStream } = {}): PrometheusTelemetry {
  const registry = new Registry();
  const logger = pino(
    { level: options.level ?? 'info', base: null, timestamp: pino.stdTimeFunctions.isoTime },
    options.destination ?? pino.destination(2),
  );
  const metric = <M>(name: string, make: () => M): M => (registry.getSingleMetric(name) as M | undefined) ?? make();
  const samples = new Map<string, Map<string, { labels: Labels; read: () => number }>>();
  const pending = new Map<string, Map<string, Tally>>();

  return {
    contentType: registry.contentType,
    scrape: () => registry.metrics(),
    async read(name) {
      const found = await registry.getSingleMetric(name)?.get();
      return (found?.values ?? []).map((v) => ({ labels: v.labels as Labels, value: v.value }));
    },
    counter(name, help, labels = {}): Counter {
      let own = pending.get(name);
      if (!own) {
        const all = new Map<string, Tally>();
        own = all;
        pending.set(name, all);
        new PromCounter({
          name,
          help,
          labelNames: Object.keys(labels),
          registers: [registry],
          collect() {
            for (const tally of all.values()) {
              if (tally.by > 0) this.inc(tally.labels, tally.by);
              tally.by = 0;
            }
          },
        });
      }
      // A sum that is handed over when somebody looks: prom-client hashes the labels at each increment.
      const key = JSON.stringify(labels);
      const tally = own.get(key) ?? { labels, by: 0 };
      own.set(key, tally);
      return {
        inc: (by = 1) => {
          tally.by += by;
        },
      };
    },
    gauge(name, help, labels = {}): Gauge {
      const gauge = metric(name, () => new PromGauge({ name, help, labelNames: Object.keys(labels), registers: [registry] }));
      const child = gauge.labels(labels);
      return { set: (value) => child.set(value) };
    },
    sampled(name, help, labels, read) {
      let own = samples.get(name);
      if (!own) {
        own = new Map();
        samples.set(name, own);
        const readers = own;
        new PromGauge({
          name,
          help,
          labelNames: Object.keys(labels),
          registers: [registry],
          collect() {
            this.reset();
            for (const sample of readers.values()) this.set(sample.labels, sample.read());
          },
        });
      }
      const key = JSON.stringify(labels);
      own.set(key, { labels, read });
      return () => void own.delete(key);
    },
    histogram(name, help, buckets, labels = {}): Histogram {
      const histogram = metric(
        name,
        () => new PromHistogram({ name, help, buckets: [...buckets], labelNames: Object.keys(labels), registers: [registry] }),
      );
      const child = histogram.labels(labels);
      return { observe: (value) => child.observe(value) };
    },
    log(level, event, fields = {}) {
      logger[level](fieldsOf(fields), event);
    },
  };
}
