import { type Consumer, Kafka, type KafkaMessage, logLevel, type Producer } from 'kafkajs';
import { call, decode, encode, schemaIdOf, transform } from '../event.ts';
import type { Peer, Task } from '../task.ts';

/** Messages under way in one partition before no more are taken. */
const window = 4_000;
const commitEveryMs = 500;

/** One partition: a promise chain for each patient, results sent in batches, committed up to the oldest unfinished one. */
class KeyParallelPartition {
  readonly #chains = new Map<string, Promise<void>>();
  readonly #open = new Set<string>();
  readonly #order: string[] = [];
  #done: { offset: string; key: Buffer | null; value: Buffer }[] = [];
  #sending: Promise<void> | undefined;
  #committed = '';
  failed: unknown;

  readonly #with: { readonly task: Task; readonly producer: Producer; readonly consumer: Consumer; readonly partition: number };

  constructor(parts: { readonly task: Task; readonly producer: Producer; readonly consumer: Consumer; readonly partition: number }) {
    this.#with = parts;
  }

  get underWay(): number {
    return this.#open.size;
  }

  take(message: KafkaMessage): void {
    const key = message.key?.toString() ?? '';
    this.#open.add(message.offset);
    this.#order.push(message.offset);
    const before = this.#chains.get(key);
    const turn = (before ?? Promise.resolve())
      .then(() => this.#handle(message))
      .catch((cause) => {
        this.failed ??= cause;
      });
    this.#chains.set(key, turn);
    void turn.then(() => {
      if (this.#chains.get(key) === turn) this.#chains.delete(key);
    });
  }

  async #handle({ key, value, offset }: KafkaMessage): Promise<void> {
    if (!value) return void this.#open.delete(offset);
    const event = decode(value);
    await call(this.#with.task.callMs);
    this.#done.push({ offset, key, value: encode(transform(event), schemaIdOf(value)) });
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
  }

  /** One request under way: what finished meanwhile goes with the next one, in its order. */
  async #send(): Promise<void> {
    while (this.#done.length > 0) {
      const batch = this.#done;
      this.#done = [];
      await this.#with.producer.send({
        topic: this.#with.task.output,
        acks: -1,
        messages: batch.map(({ key, value }) => ({ key, value })),
      });
      for (const { offset } of batch) this.#open.delete(offset);
    }
  }

  /** Everything before the oldest message under way. */
  async commit(): Promise<void> {
    let settled = 0;
    while (settled < this.#order.length && !this.#open.has(this.#order[settled] as string)) settled++;
    const last = this.#order[settled - 1];
    this.#order.splice(0, settled);
    const offset = last === undefined ? this.#committed : String(BigInt(last) + 1n);
    if (offset === '' || offset === this.#committed) return;
    this.#committed = offset;
    await this.#with.consumer.commitOffsets([{ topic: this.#with.task.input, partition: this.#with.partition, offset }]);
  }
}

/** A hand-written key-parallel consumer: ordered for a patient, parallel across patients, at least once. */
export const peer: Peer = {
  name: 'per-key',
  what: 'kafkajs eachBatch into a promise chain per patient, batched sends, low-watermark commit',
  workloads: ['calls'],
  async start(task) {
    const kafka = new Kafka({ brokers: [...task.brokers], clientId: task.name, logLevel: logLevel.NOTHING });
    const [consumer, producer] = [kafka.consumer({ groupId: task.name, maxWaitTimeInMs: 100 }), kafka.producer()];
    await Promise.all([consumer.connect(), producer.connect()]);
    await consumer.subscribe({ topic: task.input, fromBeginning: true });
    const partitions = new Map<number, KeyParallelPartition>();
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: task.partitions,
      eachBatch: async ({ batch, heartbeat }) => {
        const own = partitions.get(batch.partition) ?? new KeyParallelPartition({ task, producer, consumer, partition: batch.partition });
        partitions.set(batch.partition, own);
        for (const message of batch.messages) {
          while (own.underWay >= window) {
            await call(5);
            await heartbeat();
          }
          if (own.failed) throw own.failed;
          own.take(message);
        }
      },
    });
    const timer = setInterval(() => {
      for (const partition of partitions.values())
        partition.commit().catch((cause) => {
          partition.failed ??= cause;
        });
    }, commitEveryMs);
    return {
      async stop() {
        clearInterval(timer);
        const deadline = performance.now() + 5_000;
        while ([...partitions.values()].some((partition) => partition.underWay > 0) && performance.now() < deadline) await call(10);
        await Promise.all([...partitions.values()].map((partition) => partition.commit()));
        await consumer.disconnect();
        await producer.disconnect();
      },
    };
  },
};
