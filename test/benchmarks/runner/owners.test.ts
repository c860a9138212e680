import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Consumer } from '@platformatic/kafka';
import { Kafka, logLevel } from 'kafkajs';
import { Cluster } from '../../../benchmarks/runner/cluster.ts';
import { services, uniqueName } from '../../support/services.ts';

const brokers = services().kafkaBrokers;
const cluster = new Cluster(brokers);
const topic = uniqueName('owners');
before(async () => {
  await cluster.connect();
  await cluster.create(topic, 2);
});
after(() => cluster.close());

const reaches = async (groupId: string, wanted: number): Promise<void> => {
  let owners = -1;
  for (let tries = 0; tries < 600 && owners !== wanted; tries++) {
    owners = await cluster.owners(groupId);
    if (owners !== wanted) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.equal(owners, wanted, `members of ${groupId} that own partitions`);
};

test('members that own partitions are counted in a group of the classic protocol', async () => {
  const groupId = `${topic}.classic`;
  const consumers = [0, 1, 2].map(() => new Kafka({ brokers, clientId: 'owners', logLevel: logLevel.NOTHING }).consumer({ groupId }));
  for (const consumer of consumers) {
    await consumer.connect();
    await consumer.subscribe({ topic });
    await consumer.run({ eachBatch: async () => {} });
  }
  await reaches(groupId, 2);
  await Promise.all(consumers.map((consumer) => consumer.disconnect()));
});

test('members that own partitions are counted in a group of the protocol of KIP-848, and none where there is no group', async () => {
  const groupId = `${topic}.next`;
  assert.equal(await cluster.owners(groupId), 0);
  const consumers = [0, 1, 2].map(
    () => new Consumer({ clientId: 'owners', bootstrapBrokers: brokers, groupId, groupProtocol: 'consumer' }),
  );
  for (const consumer of consumers) (await consumer.consume({ topics: [topic] })).on('error', () => undefined).resume();
  await reaches(groupId, 2);
  await Promise.all(consumers.map((consumer) => consumer.close(true)));
});
