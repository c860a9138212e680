import type { Progress } from '../../contract/peer.ts';
import type { Task } from '../../contract/task.ts';
import type { Workload } from '../../contract/workload.ts';
import type { Cluster } from '../../runner/cluster.ts';
import { decode } from '../../work/event.ts';
import { type Findings, OrderCheck } from '../order-check.ts';
import type { Sink } from '../sink.ts';

/** Milliseconds without a record after which what is missing is missing. Joining the group takes part of them. */
const quietMs = 10_000;

/** Output topics: their end offsets tell how far a peer is, their records whether it was right. */
export class TopicsSink implements Sink {
  readonly #cluster: Cluster;
  readonly #workload: Pick<Workload, 'expected' | 'place'>;
  readonly #labels: ReadonlyMap<string, string>;
  readonly #task: Task;
  readonly #progress: Progress;

  constructor(cluster: Cluster, workload: Pick<Workload, 'expected' | 'place'>, task: Task, progress: Progress) {
    this.#cluster = cluster;
    this.#task = task;
    this.#progress = progress;
    this.#workload = workload;
    this.#labels = new Map(Object.entries(task.outputs).map(([label, topic]) => [topic, label]));
  }

  async size(): Promise<number> {
    if (this.#progress === 'commits') {
      const read = await this.#cluster.committed(this.#task.name, this.#task.input);
      return this.#workload.expected(read, this.#task.patients);
    }
    const sizes = await Promise.all([...this.#labels.keys()].map((topic) => this.#cluster.size(topic)));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  async verify(expected: number): Promise<Findings> {
    const check = new OrderCheck();
    const ends = new Map<string, number>();
    for (const topic of this.#labels.keys())
      for (const [partition, end] of await this.#cluster.ends(topic)) if (end > 0) ends.set(`${topic}/${partition}`, end);
    const open = new Set(ends.keys());
    if (open.size === 0) return check.findings(expected);
    const consumer = this.#cluster.kafka.consumer({ groupId: `${this.#task.name}.verify`, maxWaitTimeInMs: 100 });
    let timer: NodeJS.Timeout | undefined;
    await consumer.connect();
    try {
      await consumer.subscribe({ topics: [...this.#labels.keys()], fromBeginning: true });
      let at = performance.now();
      await new Promise<void>((resolve, reject) => {
        // A transactional peer's last offset is a marker that nobody is given: then quiet is the end.
        timer = setInterval(() => performance.now() - at > quietMs && resolve(), 250);
        consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
        consumer
          .run({
            autoCommit: false,
            eachBatch: async ({ batch }) => {
              at = performance.now();
              this.#read(check, batch.topic, batch.messages);
              const last = Number(batch.messages.at(-1)?.offset ?? -1);
              const name = `${batch.topic}/${batch.partition}`;
              if (last + 1 >= (ends.get(name) ?? 0)) open.delete(name);
              if (open.size === 0) resolve();
            },
          })
          .catch(reject);
      });
    } finally {
      clearInterval(timer);
      await consumer.disconnect();
    }
    return check.findings(expected);
  }

  #read(check: OrderCheck, topic: string, messages: readonly { readonly value: Buffer | null }[]): void {
    const label = this.#labels.get(topic) ?? '';
    for (const { value } of messages) {
      if (!value) continue;
      const event = decode(value);
      check.add(`${label}/${event.patientId}`, this.#workload.place(label, event));
    }
  }

  async close(): Promise<void> {}
}
