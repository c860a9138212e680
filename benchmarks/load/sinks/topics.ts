import type { Progress } from '../../contract/peer.ts';
import type { Task } from '../../contract/task.ts';
import type { Workload } from '../../contract/workload.ts';
import type { Cluster } from '../../runner/cluster.ts';
import { decode } from '../../work/event.ts';
import { type Findings, OrderCheck } from '../order-check.ts';
import { readAll } from '../read-all.ts';
import type { Sink } from '../sink.ts';

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
    await readAll(this.#cluster, [...this.#labels.keys()], `${this.#task.name}.verify`, (topic, messages) =>
      this.#read(check, topic, messages),
    );
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
