import { Kafka, logLevel } from 'kafkajs';
import type { Peer } from '../contract/peer.ts';
import { packageVersions } from '../contract/versions.ts';
import { destinationOf } from '../work/destination.ts';
import { call, callTime, decode, encode, schemaIdOf, transform } from '../work/event.ts';

/** The loop of most tutorials: one message at a time, each send awaited, offsets committed by the library. */
export const peer: Peer = {
  name: 'naive',
  what: 'kafkajs eachMessage, await send per message, auto-commit',
  guarantee: 'at least once',
  work: ['map', 'route', 'call'],
  versions: () => packageVersions('kafkajs', 'avsc'),
  async start(task) {
    const { brokers, name, input, callMs, work } = task;
    const kafka = new Kafka({ brokers: [...brokers], clientId: name, logLevel: logLevel.NOTHING });
    const [consumer, producer] = [kafka.consumer({ groupId: name, maxWaitTimeInMs: 100 }), kafka.producer()];
    await Promise.all([consumer.connect(), producer.connect()]);
    await consumer.subscribe({ topic: input, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message: { key, value } }) => {
        if (!value) return;
        const event = decode(value);
        if (work === 'call') await call(callTime(event, callMs));
        const topic = destinationOf(task, event);
        if (topic === undefined) return;
        await producer.send({ topic, acks: -1, messages: [{ key, value: encode(transform(event), schemaIdOf(value)) }] });
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
