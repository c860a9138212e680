/**
 * Why the consumer of @platformatic/kafka is not the second adapter (docs/performance.md, "Second Kafka adapter"): what it
 * does where the Log port says otherwise, on real Kafka. When one of these fails after an upgrade, decide anew.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Consumer, createRecordsBatch, Reader, readRecordsBatches } from '@platformatic/kafka';
import { openCluster } from '../../../src/log/kafka/cluster.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import { services } from '../../support/services.ts';
import { gate } from '../conformance/probe.ts';
import { asAdmin, day, fresh, openLog, removeTopics, until } from './support.ts';

const topics: string[] = [];
const log = openLog();
after(async () => {
  await log.close();
  await removeTopics(topics);
});

async function filled(partitions: number): Promise<string> {
  const topic = fresh('second');
  topics.push(topic);
  await log.ensureTopics([{ name: topic, partitions, retentionMs: 8 * day }]);
  await log.append(Array.from({ length: partitions }, (_, partition) => ({ topic, partition, key: 'k', value: Buffer.from('x') })));
  return topic;
}

const held = (consumer: Consumer): number[] => (consumer.assignments ?? []).flatMap(({ partitions }) => partitions);

async function member(topic: string, groupProtocol: 'classic' | 'consumer') {
  const consumer = new Consumer({
    ...{ clientId: 'second', bootstrapBrokers: services().kafkaBrokers, groupId: topic, groupProtocol },
    ...{ autocommit: false, maxWaitTime: 100, heartbeatInterval: 300, sessionTimeout: 20_000, rebalanceTimeout: 60_000 },
  });
  const stream = await consumer.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest' });
  const got: number[] = [];
  stream.on('data', ({ partition }) => void got.push(partition));
  stream.on('error', () => undefined);
  return { consumer, got };
}

for (const groupProtocol of ['classic', 'consumer'] as const) {
  test(`${groupProtocol}: a partition has its next owner while the last one still drains, and the last one can commit for it`, async () => {
    const topic = await filled(2);
    const a = await member(topic, groupProtocol);
    await until('a has both', () => held(a.consumer).length === 2 && a.got.length === 2);
    const drain = gate();
    let draining = false;
    a.consumer.on('consumer:group:rebalance', async () => {
      draining = true;
      await drain.opened;
      draining = false;
    });
    const b = await member(topic, groupProtocol);
    await until('b has its share', () => held(b.consumer).length === 1);
    const [moved] = held(b.consumer) as [number];
    await until('b reads it', () => b.got.includes(moved));
    assert.ok(draining, 'a was told, and b waited for it');
    // A hint beside the offset is not sent either.
    const stale = { topic, partition: moved, offset: 17n, leaderEpoch: 0, metadata: 'hint' };
    await a.consumer.commit({ offsets: [stale] });
    const [kept] = await asAdmin((admin) => admin.fetchOffsets({ groupId: topic, topics: [topic] }));
    const found = kept?.partitions.find(({ partition }) => partition === moved);
    assert.deepEqual([found?.offset, found?.metadata || null], ['17', null]);
    drain.open();
    await Promise.all([a, b].map(({ consumer }) => consumer.close(true)));
  });
}

test('classic: a member that was put out of the group commits all the same, under a membership that it takes for it', async () => {
  const topic = await filled(1);
  const { consumer } = await member(topic, 'classic');
  await until('it has the partition', () => held(consumer).length === 1);
  const before = consumer.memberId as string;
  const around = { brokers: services().kafkaBrokers, clientId: 'evict', requestTimeoutMs: 5000, connectTimeoutMs: 2000 };
  const cluster = openCluster(around, silentTelemetry);
  await cluster.connect();
  await (await cluster.findGroupCoordinator({ groupId: topic })).leaveGroup({ groupId: topic, memberId: before });
  await cluster.disconnect();
  await consumer.commit({ offsets: [{ topic, partition: 0, offset: 77n, leaderEpoch: 0 }] });
  assert.notEqual(consumer.memberId, before);
  assert.equal((await log.committed(topic, topic)).get(0), 77);
  await consumer.close(true);
});

test('a batch whose checksum does not fit is read as if it did', () => {
  const { buffer } = createRecordsBatch([{ topic: 't', key: Buffer.from('k'), value: Buffer.from('dose 1') }]);
  const broken = Buffer.from(buffer);
  broken.write('dose 9', broken.indexOf('dose 1'));
  const [batch] = readRecordsBatches(Reader.from(broken));
  assert.equal(batch?.records[0]?.value?.toString(), 'dose 9');
});
