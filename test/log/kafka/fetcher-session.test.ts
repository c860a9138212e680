import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { systemRandom } from '../../../src/clock/system.ts';
import { Fetcher } from '../../../src/log/kafka/fetcher.ts';
import type { Cluster, ProtocolPair } from '../../../src/log/kafka/internals.ts';
import type { Fetched, SessionFetched } from '../../../src/log/kafka/protocol.ts';
import { EncodedBatch, payloadSize } from '../../../src/log/kafka/records/encode.ts';
import type { Append } from '../../../src/log/port.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { numbers, probe } from '../conformance/probe.ts';
import { asAdmin, fresh, openLog, removeTopics } from './support.ts';

const topics: string[] = [];
const log = openLog();
after(async () => {
  await log.close();
  await removeTopics(topics);
});

const count = 40;
const all = numbers(count).map((partition) => ({ topic: 't', partition }));

test('of many partitions only those that moved are named, and all again when the session is lost', async () => {
  const clock = new VirtualClock();
  const records: Append[] = [{ topic: 't', key: 'k', value: Buffer.from('1') }];
  const encoded = new EncodedBatch(records, records.map(payloadSize), { producerId: -1n, producerEpoch: -1, sequence: -1 }, 1, 'none');
  const batches = Buffer.alloc(encoded.size);
  encoded.write(batches, 0);
  const fetched: Fetched = { topic: 't', partition: 5, errorCode: 0, start: 0, end: 1, aborted: [], batches };
  const answers: SessionFetched[] = [
    { fetched: [fetched], session: 3, sessionError: 0 },
    { fetched: [], session: 3, sessionError: 0 },
    { fetched: [], session: 0, sessionError: 70 },
    { fetched: [], session: 4, sessionError: 0 },
  ];
  const sizes: number[] = [];
  const send = async (pair: ProtocolPair<unknown>): Promise<SessionFetched> => {
    const { buffer } = (await pair.request.encode()) as { readonly buffer: Buffer };
    sizes.push(buffer.length);
    const answer = answers.shift();
    await new Promise<void>((resolve) => void clock.after(100, resolve));
    return answer ?? { fetched: [], session: 4, sessionError: 0 };
  };
  const seen: number[] = [];
  const cluster = {
    targetTopics: new Set(['t']),
    findTopicPartitionMetadata: () => all.map(({ partition: partitionId }) => ({ partitionId, leader: 1 })),
    findBroker: async () => ({ connectionPool: { send }, disconnect: async () => {} }),
    refreshMetadata: async () => {},
  } as unknown as Cluster;
  const fetcher = new Fetcher(
    {
      ...{ cluster, around: { clock, random: systemRandom, telemetry: silentTelemetry }, group: 'g' },
      limits: { maxWaitMs: 100, maxBytes: 1 << 20, maxBytesPerPartition: 1 << 20 },
      handlers: { onRecords: (at, got) => seen.push(at.partition, got.length), onError: (thrown) => assert.fail(thrown) },
      ends: async (at) => ({ ...at, start: 0, end: 1 }),
      fresh: () => true,
      onEnd: (reason) => assert.fail(String(reason)),
    },
    all,
  );
  fetcher.start(new Map(all.map(({ partition }) => [`t/${partition}`, 0])));
  await clock.advance(2_000);
  fetcher.stop();
  assert.deepEqual(seen, [5, 1]);
  const [first, moved, nothing, again, then] = sizes as [number, number, number, number, number];
  assert.ok(first > count * 20, `${first} bytes`);
  assert.ok(moved < 150, `${moved} bytes for one that moved`);
  assert.ok(nothing < moved, `${nothing} bytes for none`);
  assert.equal(again, first);
  assert.equal(then, nothing);
});

test('with a broker, records of many partitions come once and in order, also where some were paused meanwhile', async () => {
  const topic = fresh('session');
  topics.push(topic);
  await asAdmin((admin) => admin.createTopics({ topics: [{ topic, numPartitions: count }], waitForLeaders: false }));
  const write = (from: number, n: number) =>
    log.append(
      numbers(n, from).flatMap((i) => all.map(({ partition }) => ({ topic, partition, key: 'k', value: Buffer.from(String(i)) }))),
    );
  await write(0, 3);
  const ours = probe(log, { group: topic, topics: [topic] });
  await ours.consumer.start();
  await ours.until('what was there', () => ours.records().length === 3 * count);
  for (let partition = 0; partition < 10; partition++) ours.consumer.pause({ topic, partition });
  await write(3, 2);
  await ours.until('those that are not paused', () => ours.records().length >= 5 * (count - 10) + 3 * 10);
  await log.append([{ topic, partition: 30, key: 'k', value: Buffer.from('5') }]);
  await ours.until('one alone', () => ours.records(30).length === 6);
  for (let partition = 0; partition < 10; partition++) ours.consumer.resume({ topic, partition });
  await ours.until('all of them', () => ours.records().length === 5 * count + 1);
  await ours.consumer.stop();
  for (const { partition } of all)
    assert.deepEqual(
      ours.records(partition).map(({ value }) => Number(value)),
      numbers(partition === 30 ? 6 : 5),
    );
});
