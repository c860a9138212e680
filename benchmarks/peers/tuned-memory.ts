import { Kafka, logLevel } from 'kafkajs';
import type { Peer } from '../contract/peer.ts';
import { outputOf } from '../contract/task.ts';
import { packageVersions } from '../contract/versions.ts';
import { decode, encode, schemaIdOf, transform } from '../work/event.ts';
import { folded, type PatientState, summary, unseen } from '../work/fold.ts';

/** The tuned loop with a Map: the upper bound of a fold that forgets everything. Not an equal of the others. */
export const peer: Peer = {
  name: 'tuned-memory',
  what: 'kafkajs eachBatch as in tuned, state in a Map',
  guarantee: 'at least once; the state is LOST with the process',
  work: ['fold'],
  versions: () => packageVersions('kafkajs', 'avsc'),
  async start(task) {
    const { brokers, name, input, partitions } = task;
    const kafka = new Kafka({ brokers: [...brokers], clientId: name, logLevel: logLevel.NOTHING });
    const [consumer, producer] = [kafka.consumer({ groupId: name, maxWaitTimeInMs: 100 }), kafka.producer()];
    const states = new Map<string, PatientState>();
    await Promise.all([consumer.connect(), producer.connect()]);
    await consumer.subscribe({ topic: input, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: partitions,
      eachBatch: async ({ batch: { topic, partition, messages } }) => {
        const last = messages.at(-1);
        if (!last) return;
        const out = messages.flatMap(({ key, value }) => {
          if (!value) return [];
          const event = decode(value);
          const next = folded(states.get(event.patientId) ?? unseen, event);
          states.set(event.patientId, next);
          return [{ key, value: encode({ ...transform(event), profile: summary(next) }, schemaIdOf(value)) }];
        });
        await producer.send({ topic: outputOf(task), acks: -1, messages: out });
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
