import { Kafka, logLevel, type Message } from 'kafkajs';
import type { Peer } from '../contract/peer.ts';
import { packageVersions } from '../contract/versions.ts';
import { destinationOf } from '../work/destination.ts';
import { decode, encode, schemaIdOf, transform } from '../work/event.ts';

/** What a good engineer makes of kafkajs: whole batches, one send per batch, one commit per batch, partitions in parallel. */
export const peer: Peer = {
  name: 'tuned',
  what: 'kafkajs eachBatch, one batched send and one commit per batch, all partitions in parallel',
  guarantee: 'at least once',
  work: ['map', 'route'],
  versions: () => packageVersions('kafkajs', 'avsc'),
  async start(task) {
    const { brokers, name, input, partitions } = task;
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
        const out = new Map<string, Message[]>();
        for (const { key, value } of messages) {
          if (!value) continue;
          const event = decode(value);
          const into = destinationOf(task, event);
          if (into === undefined) continue;
          const list = out.get(into) ?? [];
          out.set(into, list);
          list.push({ key, value: encode(transform(event), schemaIdOf(value)) });
        }
        const topicMessages = [...out].map(([into, list]) => ({ topic: into, messages: list }));
        if (topicMessages.length > 0) await producer.sendBatch({ acks: -1, topicMessages });
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
