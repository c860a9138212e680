import { setTimeout as sleep } from 'node:timers/promises';
import { createKafkaLog } from '../../../src/log/kafka/index.ts';
import { partitionOf } from '../../../src/log/murmur2.ts';
import { type Append, header, type Log } from '../../../src/log/port.ts';
import type { Serde } from '../../../src/schema/port.ts';
import type { Chance } from '../support/chance.ts';
import { type Entry, entryTopic } from './entry.ts';

export interface LoadOptions {
  readonly run: string;
  readonly brokers: readonly string[];
  readonly serde: Serde<Entry>;
  readonly random: Chance;
  /** Entries a second. */
  readonly rate: number;
  readonly patients: number;
  /** Bytes of padding in each. @default 200 */
  readonly padding?: number;
  /** What the handler of this entry does. @default nothing */
  readonly act?: (patient: string, seq: number) => string;
  /** Of one append. @default 10_000 */
  readonly appendTimeoutMs?: number;
  /** Share of the load that is the first patient's. @default as everybody's */
  readonly hot?: () => number;
}

export interface Sent {
  readonly patient: string;
  readonly seq: number;
  readonly id: string;
  readonly act: string;
}

/** In every entry's padding, and in what failing handlers throw: no log line, metric or header may show it. */
export const canary = 'CANARY 078-05-1120 ';
const partitions = 12;
/** Of one append of a backlog. */
const backlogBytes = 16 * 1024 * 1024;

/**
 * Entries at a fixed rate, whatever becomes of them (open loop): each has the moment when it should have been sent. What
 * the log does not take is offered again with the same hop number, so it stands there once for its readers.
 */
export class Load {
  readonly sent: Sent[] = [];
  /** Times that the log refused. */
  refused = 0;
  /** The longest that an entry had to wait for the log, in milliseconds. */
  longestMs = 0;
  readonly #options: LoadOptions;
  readonly #log: Log;
  readonly #seqs = new Map<string, number>();
  readonly #hops: number[] = Array.from({ length: partitions }, () => 0);
  readonly #padding: Buffer;
  #serde: { serialize(entry: Entry): Buffer };
  #running: Promise<void> = Promise.resolve();
  #ending = false;
  #repeated = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#serde = options.serde;
    this.#log = createKafkaLog({ brokers: options.brokers, clientId: 'fault-load', appendTimeoutMs: 10_000, requestTimeoutMs: 5_000 });
    this.#padding = Buffer.alloc(options.padding ?? 200, canary);
  }

  start(): void {
    this.#ending = false;
    this.#running = this.#run();
  }

  /** Ends the schedule, and waits until the log has all of it. */
  async stop(): Promise<void> {
    this.#ending = true;
    await this.#running;
  }

  async close(): Promise<void> {
    await this.stop();
    await this.#log.close();
  }

  /** Sends these now, behind everything before. */
  async offer(patient: string, acts: readonly string[]): Promise<void> {
    await this.append(acts.flatMap((act) => this.#next(patient, Date.now(), act)));
  }

  /** A backlog: so many entries, spread evenly over the patients, as fast as the log takes them. */
  async backlog(count: number): Promise<void> {
    const { patients } = this.#options;
    let appended: Promise<void> = Promise.resolve();
    for (let made = 0; made < count; ) {
      const now = Date.now();
      const batch: Append[] = [];
      let bytes = 0;
      for (; made < count && bytes < backlogBytes; made++) {
        batch.push(...this.#next(`p${made % patients}`, now));
        bytes += this.#padding.length + 200;
      }
      // The next batch is made while this one is on its way; one at a time is, as a refused one comes again.
      await appended;
      appended = this.append(batch);
      appended.catch(() => {});
    }
    await appended;
  }

  /** The record of an entry that stands in the log already, as another one: what a sender makes who sends it again. */
  again({ patient, seq, id, act }: Sent): Append {
    const partition = partitionOf(patient, partitions);
    const [event, hop] = [`${id}/${++this.#repeated}`, this.#hop(partition)];
    return {
      topic: entryTopic(this.#options.run).name,
      partition,
      key: patient,
      value: this.#serde.serialize({ id, seq, act, padding: this.#padding }),
      headers: { [header.eventId]: event, [header.seq]: hop },
      timestamp: Date.now(),
    };
  }

  /** With the writer it began with. */
  readonly serialize = (entry: Entry): Buffer => this.#options.serde.serialize(entry);

  /** From now on entries are written with this one. */
  use(serde: { serialize(entry: Entry): Buffer }): void {
    this.#serde = serde;
  }

  async #run(): Promise<void> {
    const { rate, random, patients, hot = () => 0 } = this.#options;
    const begun = performance.now();
    const origin = Date.now();
    let scheduled = 0;
    while (!this.#ending) {
      const due = Math.floor(((performance.now() - begun) * rate) / 1000);
      const batch: Append[] = [];
      // At most a second's worth at once, after an outage too: its size stays bounded.
      for (; scheduled < due && batch.length < Math.max(rate, 500); scheduled++) {
        const patient = random.next() < hot() ? 'p0' : `p${random.below(patients)}`;
        batch.push(...this.#next(patient, Math.round(origin + (scheduled * 1000) / rate)));
      }
      if (batch.length > 0) await this.append(batch);
      await sleep(10);
    }
  }

  #next(patient: string, timestamp: number, act?: string): readonly Append[] {
    const { run, act: choose } = this.#options;
    const seq = (this.#seqs.get(patient) ?? 0) + 1;
    this.#seqs.set(patient, seq);
    const sent: Sent = { patient, seq, id: `${patient}-${seq}`, act: act ?? choose?.(patient, seq) ?? '' };
    this.sent.push(sent);
    const partition = partitionOf(patient, partitions);
    const record: Append = {
      topic: entryTopic(run).name,
      partition,
      key: patient,
      value:
        sent.act === 'garbage'
          ? Buffer.from('no Avro')
          : this.#serde.serialize({ id: sent.id, seq, act: sent.act, padding: this.#padding }),
      headers: { [header.eventId]: sent.id, [header.seq]: this.#hop(partition) },
      timestamp,
    };
    return [record];
  }

  #hop(partition: number): string {
    this.#hops[partition] = (this.#hops[partition] as number) + 1;
    return `load/${partition}/${this.#hops[partition]}`;
  }

  /** Offers these until the log has them. */
  async append(batch: readonly Append[]): Promise<void> {
    const begun = performance.now();
    for (;;) {
      try {
        await this.#log.append(batch);
        this.longestMs = Math.max(this.longestMs, Math.round(performance.now() - begun));
        return;
      } catch (thrown) {
        this.refused++;
        if (performance.now() - begun > 180_000) throw thrown;
        await sleep(100);
      }
    }
  }
}
