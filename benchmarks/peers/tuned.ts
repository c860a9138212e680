import { Kafka, logLevel } from 'kafkajs';
import { decode, encode, schemaIdOf, transform } from '../event.ts';
import type { Peer } from '../task.ts';

/** What a good engineer makes of kafkajs: whole batches, one send per batch, one commit per batch, partitions in parallel. */
export const peer: Peer = {
  name: 'tuned',
  what: 'kafkajs eachBatch, one batched send and one commit per batch, all partitions in parallel',
  workloads: ['passthrough'],
  async start({ brokers, name, input, output, partitions }) {
    const kafka = new Kafka({ brokers: [...brokers], clientId: name, logLevel: logLevel.NOTHING });
    const [consumer, producer] = [kafka.consumer({ groupId: name, maxWaitTimeInMs: 100 }), kafka.producer()];
    await Promise.all([consumer.connect(), producer.connect()]);
    await consumer.subscribe({ topic: input, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: partitions,
      eachBatch: async ({ batch: { topic, partition, messages } }) => {
        const last = messages.at(-1);
        if (!last) return;
        const out = messages.flatMap(({ key, value }) =>
          value ? [{ key, value: encode(transform(decode(value)), schemaIdOf(value)) }] : [],
        );
        await producer.send({ topic: output, acks: -1, messages: out });
        await consumer.commitOffsets([{ topic, partition, offset: String(BigInt(last.offset) + 1n) }]);
      },
    });
    return {
      async stop() {
        await consumer.disconnect();
        await producer.disconnect();
      },
    };
  },
};
