import type { Consumer, KafkaMessage, Producer } from 'kafkajs';
import { outputOf, type Task } from '../../contract/task.ts';
import { call, callTime, decode, encode, schemaIdOf, transform } from '../../work/event.ts';
import type { Places } from './places.ts';

/** Messages under way in one partition before no more are taken. */
export const window = 4_000;

/** One partition: a promise chain for each patient, results sent in batches, committed up to the oldest unfinished one. */
export class KeyParallelPartition {
  readonly #chains = new Map<string, Promise<void>>();
  readonly #open = new Set<string>();
  readonly #order: string[] = [];
  #done: { offset: string; key: Buffer | null; value: Buffer }[] = [];
  #sending: Promise<void> | undefined;
  #committed = '';
  failed: unknown;

  readonly #with: {
    readonly task: Task;
    readonly producer: Producer;
    readonly consumer: Consumer;
    readonly partition: number;
    readonly places: Places;
  };

  constructor(parts: {
    readonly task: Task;
    readonly producer: Producer;
    readonly consumer: Consumer;
    readonly partition: number;
    readonly places: Places;
  }) {
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
    await this.#with.places.use(() => call(callTime(event, this.#with.task.callMs)));
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
        topic: outputOf(this.#with.task),
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
