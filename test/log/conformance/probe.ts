import type { Commit, ConsumerOptions, Log, LogConsumer, LogRecord, TopicPartition } from '../../../src/log/port.ts';

export type ProbeEvent =
  | { readonly what: 'assigned'; readonly partitions: readonly TopicPartition[]; readonly generation: number }
  | { readonly what: 'revoking' | 'revoked' | 'lost'; readonly partitions: readonly TopicPartition[] }
  | { readonly what: 'records'; readonly partition: TopicPartition; readonly records: readonly LogRecord[]; readonly end: number }
  | { readonly what: 'error'; readonly error: Error; readonly willRestart: boolean };

export interface ProbeOptions extends Partial<Omit<ConsumerOptions, 'group' | 'topics'>> {
  readonly group: string;
  readonly topics: readonly string[];
}

/** A consumer that writes down everything that happens to it, in order. */
export interface Probe {
  readonly consumer: LogConsumer;
  readonly events: readonly ProbeEvent[];
  /** Partition numbers held now, ascending. */
  held(): number[];
  generation(): number;
  /** Everything delivered so far, of one partition or of all. */
  records(partition?: number): LogRecord[];
  /** Resolves when `done` holds; checked at every event of any probe. Rejects when it does not within 60 s, saying what happened instead. */
  until(label: string, done: () => boolean): Promise<void>;
}

const patienceMs = 60_000;
/** Checks waiting in any probe: a condition may span several. */
const waiting = new Set<() => void>();

/** What the handlers do besides writing down comes from `options`; each of them may be given. */
export function probe(log: Log, options: ProbeOptions): Probe {
  const events: ProbeEvent[] = [];
  const held = new Map<string, number>();
  let generation = 0;
  const note = (event: ProbeEvent): void => {
    events.push(event);
    for (const check of [...waiting]) check();
  };
  const drop = (partitions: readonly TopicPartition[]): void => {
    for (const tp of partitions) held.delete(`${tp.topic}/${tp.partition}`);
  };
  const consumer = log.consumer({
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 30_000,
    ...options,
    async onAssigned(partitions, own): Promise<readonly Commit[]> {
      const start = (await options.onAssigned?.(partitions, own)) ?? [];
      generation = own;
      for (const tp of partitions) held.set(`${tp.topic}/${tp.partition}`, tp.partition);
      note({ what: 'assigned', partitions, generation: own });
      return start;
    },
    async onRevoked(partitions) {
      note({ what: 'revoking', partitions });
      await options.onRevoked?.(partitions);
      drop(partitions);
      note({ what: 'revoked', partitions });
    },
    onLost(partitions) {
      options.onLost?.(partitions);
      drop(partitions);
      note({ what: 'lost', partitions });
    },
    onRecords(partition, records, end) {
      try {
        options.onRecords?.(partition, records, end);
      } finally {
        note({ what: 'records', partition, records, end });
      }
    },
    onError(error, willRestart) {
      options.onError?.(error, willRestart);
      note({ what: 'error', error, willRestart });
    },
  });
  return {
    consumer,
    events,
    held: () => [...held.values()].sort((a, b) => a - b),
    generation: () => generation,
    records: (partition) =>
      events.flatMap((event) =>
        event.what === 'records' && (partition === undefined || event.partition.partition === partition) ? event.records : [],
      ),
    until: (label, done) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (!done()) return;
          clearTimeout(timer);
          waiting.delete(check);
          resolve();
        };
        const timer = setTimeout(() => {
          waiting.delete(check);
          const seen = events.map((event) =>
            event.what === 'records'
              ? `${event.partition.partition}:${event.records.length}`
              : event.what === 'error'
                ? event.error.message
                : event.what,
          );
          reject(new Error(`not seen within ${patienceMs} ms: ${label}; seen: ${seen.join(', ')}`));
        }, patienceMs);
        waiting.add(check);
        check();
      }),
  };
}

export const text = (record: LogRecord | undefined): string | undefined => record?.value?.toString();
export const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);
/** A promise and the function that resolves it. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
