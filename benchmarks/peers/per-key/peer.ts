import { Kafka, logLevel } from 'kafkajs';
import type { Peer } from '../../contract/peer.ts';
import { packageVersions } from '../../contract/versions.ts';
import { call } from '../../work/event.ts';
import { KeyParallelPartition, window } from './partition.ts';
import { Places } from './places.ts';

const commitEveryMs = 500;

/** A hand-written key-parallel consumer: ordered for a patient, parallel across patients, at least once. */
export const peer: Peer = {
  name: 'per-key',
  what: 'kafkajs eachBatch into a promise chain per patient, batched sends, low-watermark commit',
  guarantee: 'at least once',
  work: ['call'],
  versions: () => packageVersions('kafkajs', 'avsc'),
  async start(task) {
    const kafka = new Kafka({ brokers: [...task.brokers], clientId: task.name, logLevel: logLevel.NOTHING });
    const [consumer, producer] = [kafka.consumer({ groupId: task.name, maxWaitTimeInMs: 100 }), kafka.producer()];
    await Promise.all([consumer.connect(), producer.connect()]);
    await consumer.subscribe({ topic: task.input, fromBeginning: true });
    const places = new Places(task.inFlight);
    const partitions = new Map<number, KeyParallelPartition>();
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: task.partitions,
      eachBatch: async ({ batch, heartbeat }) => {
        const own =
          partitions.get(batch.partition) ?? new KeyParallelPartition({ task, producer, consumer, partition: batch.partition, places });
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
