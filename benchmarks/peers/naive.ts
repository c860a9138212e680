import { Kafka, logLevel } from 'kafkajs';
import { call, decode, encode, schemaIdOf, transform } from '../event.ts';
import type { Peer } from '../task.ts';

/** The loop of most tutorials: one message at a time, each send awaited, offsets committed by the library. */
export const peer: Peer = {
  name: 'naive',
  what: 'kafkajs eachMessage, await send per message, auto-commit',
  workloads: ['passthrough', 'calls'],
  async start({ brokers, name, input, output, callMs }) {
    const kafka = new Kafka({ brokers: [...brokers], clientId: name, logLevel: logLevel.NOTHING });
    const [consumer, producer] = [kafka.consumer({ groupId: name, maxWaitTimeInMs: 100 }), kafka.producer()];
    await Promise.all([consumer.connect(), producer.connect()]);
    await consumer.subscribe({ topic: input, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message: { key, value } }) => {
        if (!value) return;
        const event = decode(value);
        if (callMs > 0) await call(callMs);
        await producer.send({ topic: output, acks: -1, messages: [{ key, value: encode(transform(event), schemaIdOf(value)) }] });
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
