import { setTimeout as sleep } from 'node:timers/promises';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { encode, eventOf, keyOf } from '../work/event.ts';
import { logOf } from './log.ts';
import { ownersOf } from './next-group.ts';

/** The runner's own connection: topics, backlog, progress. Never in a peer's process. */
export class Cluster {
  readonly kafka: Kafka;
  readonly #admin: Admin;
  readonly #brokers: readonly string[];
  readonly #topics = new Set<string>();

  constructor(brokers: readonly string[]) {
    this.#brokers = brokers;
    this.kafka = new Kafka({ brokers: [...brokers], clientId: 'aorta-bench', logLevel: logLevel.NOTHING });
    this.#admin = this.kafka.admin();
  }

  async connect(): Promise<void> {
    await this.#admin.connect();
  }

  async create(topic: string, partitions: number): Promise<void> {
    // A topic that goes leaves the disk at once: a gigabyte that still has to be written there takes from the next peer.
    const configEntries = [{ name: 'file.delete.delay.ms', value: '0' }];
    await this.#admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions: partitions, configEntries }] });
    this.#topics.add(topic);
    // kafkajs's own wait gives up when a busy broker does not know the new topic at once.
    const deadline = performance.now() + 30_000;
    for (;;) {
      try {
        if ((await this.#admin.fetchTopicOffsets(topic)).length === partitions) return;
      } catch (cause) {
        if (performance.now() > deadline) throw cause;
      }
      await sleep(50);
    }
  }

  /** Removes topics of ours, and what a flow of that name made beside them. */
  async remove(...topics: readonly string[]): Promise<void> {
    const existing = new Set(await this.#admin.listTopics());
    const present = topics.filter((topic) => existing.has(topic));
    if (present.length > 0) await this.#admin.deleteTopics({ topics: present });
    for (const topic of topics) this.#topics.delete(topic);
  }

  /** `count` events, round robin over the patients: each patient's numbers count from 0. */
  async fill(topic: string, count: number, patients: number, schemaId: number): Promise<void> {
    await this.fillAll([{ topic, first: 0 }], count, patients, schemaId);
  }

  /** The same for several topics at once, `count` events for each, of `patients` of its own from number `first` on. */
  async fillAll(
    topics: readonly { readonly topic: string; readonly first: number }[],
    count: number,
    patients: number,
    schemaId: number,
  ): Promise<void> {
    // For topics that will be removed: a shared client would go on asking for them.
    const log = logOf(this.#brokers, 'aorta-bench-fill');
    try {
      const now = Date.now();
      const wave = Math.max(1, Math.floor(2_000 / topics.length));
      for (let at = 0; at < count; at += wave) {
        const many = Math.min(wave, count - at);
        await log.append(
          topics.flatMap(({ topic, first }) =>
            Array.from({ length: many }, (_, i) => {
              const n = at + i;
              const patient = first + (n % patients);
              return { topic, key: keyOf(patient), value: encode(eventOf(patient, Math.floor(n / patients), now), schemaId) };
            }),
          ),
        );
      }
    } finally {
      await log.close();
    }
  }

  /** Records in the topic so far. */
  async size(topic: string): Promise<number> {
    const offsets = await this.#admin.fetchTopicOffsets(topic);
    return offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
  }

  async ends(topic: string): Promise<ReadonlyMap<number, number>> {
    const offsets = await this.#admin.fetchTopicOffsets(topic);
    return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
  }

  /** Records of a topic up to which a group has committed. */
  async committed(groupId: string, topic: string): Promise<number> {
    const [found] = await this.#admin.fetchOffsets({ groupId, topics: [topic] });
    return (found?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
  }

  /** Members of a consumer group that own partitions. */
  async owners(groupId: string): Promise<number> {
    const { groups } = await this.#admin.describeGroups([groupId]);
    if (groups[0]?.state === 'Dead') return ownersOf(this.#brokers, groupId);
    // An assignment without topics is a version and two empty lengths.
    return (groups[0]?.members ?? []).filter(({ memberAssignment }) => memberAssignment.length > 10).length;
  }

  async close(): Promise<void> {
    await this.remove(...this.#topics).catch(() => undefined);
    await this.#admin.disconnect();
  }
}
