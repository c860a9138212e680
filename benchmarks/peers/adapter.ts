import { flags, malloc } from '../../bin/limits.js';
import type { Append, LogConsumer, TopicPartition } from '../../src/log/port.ts';
import type { Peer } from '../contract/peer.ts';
import { packageVersions } from '../contract/versions.ts';
import { logOf } from '../runner/log.ts';
import { destinationOf } from '../work/destination.ts';
import { chained, decode, encode, schemaIdOf, transform } from '../work/event.ts';

interface Place {
  waiting: number;
  paused: boolean;
  /** Offset behind the last record whose append, and all before it, has ended. */
  done: number;
  committed: number;
  before: Promise<void>;
}

/** Records of a partition that wait for their append; above, it is paused. As Aorta's own credits. */
const most = 1024;
const commitEveryMs = 500;

/**
 * The bare client: Aorta's own Kafka adapter in a loop, with plain avsc, and nothing of the engine. What Aorta costs more is its DSL,
 * acknowledgement and bounded decoding; what this costs is the least that a flow on this client and codec can.
 */
export const peer: Peer = {
  name: 'adapter',
  what: "Aorta's Kafka adapter in a loop: plain avsc, one append for each delivery, offsets every 500 ms; no engine",
  guarantee: 'at least once',
  work: ['map', 'chain', 'route'],
  node: { flags, env: malloc },
  versions: () => packageVersions('kafkajs', 'avsc'),
  async start(task) {
    const change = task.work === 'chain' ? chained : transform;
    const log = logOf(task.brokers, task.name);
    const places = new Map<number, Place>();
    let generation = -1;
    const failed = (cause: unknown): void => {
      process.stdout.write(`failed ${cause instanceof Error ? cause.message : String(cause)}\n`);
      process.exit(1);
    };
    const consumer: LogConsumer = log.consumer({
      group: task.name,
      topics: [task.input],
      async onAssigned(partitions, current) {
        generation = current;
        for (const { partition } of partitions)
          places.set(partition, { waiting: 0, paused: false, done: -1, committed: -1, before: Promise.resolve() });
        return [];
      },
      async onRevoked() {
        // Else the next owner writes once more what is still under way.
        await Promise.all([...places.values()].map(({ before }) => before));
        await commit();
        places.clear();
      },
      onLost: () => places.clear(),
      onError: (cause, willRestart) => (willRestart ? undefined : failed(cause)),
      onRecords(at: TopicPartition, records) {
        const place = places.get(at.partition);
        if (!place) return;
        const out: Append[] = [];
        for (const { key, value } of records) {
          if (!value) continue;
          const event = decode(value);
          const topic = destinationOf(task, event);
          if (topic !== undefined) out.push({ topic, key, value: encode(change(event), schemaIdOf(value)) });
        }
        const next = (records.at(-1)?.offset ?? 0) + 1;
        place.waiting += records.length;
        if (place.waiting > most && !place.paused) {
          place.paused = true;
          consumer.pause(at);
        }
        // Appends to several topics may end in another order.
        const appended = Promise.all([log.append(out), place.before]).then(() => {
          place.waiting -= records.length;
          place.done = next;
          if (place.paused && place.waiting <= most / 2) {
            place.paused = false;
            consumer.resume(at);
          }
        }, failed);
        place.before = appended;
      },
    });
    const commit = async (): Promise<void> => {
      const moved = [...places].filter(([, { done, committed }]) => done > committed);
      const offsets = moved.map(([partition, { done }]) => ({ topic: task.input, partition, offset: done, generation }));
      if (offsets.length === 0) return;
      await consumer.commit(offsets);
      offsets.forEach(({ offset }, i) => {
        (moved[i] as (typeof moved)[number])[1].committed = offset;
      });
    };
    const timer = setInterval(() => void commit().catch(() => {}), commitEveryMs);
    await consumer.start();
    return {
      async stop() {
        clearInterval(timer);
        await consumer.stop();
        await log.close();
      },
    };
  },
};
