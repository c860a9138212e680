import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../../src/clock/system.ts';
import { Fetcher } from '../../../src/log/kafka/fetcher.ts';
import type { Cluster, ProtocolPair } from '../../../src/log/kafka/internals.ts';
import type { Fetched } from '../../../src/log/kafka/protocol.ts';
import type { TopicPartition } from '../../../src/log/port.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { numbers } from '../conformance/probe.ts';
import { batchOf } from './fetch-answer.ts';
import { namedIn } from './fetch-question.ts';

test('a batch that fits only where its partition comes first comes soon, also where all of another topic always have something', async () => {
  const clock = new VirtualClock();
  const all: TopicPartition[] = [
    ...numbers(10).map((partition) => ({ topic: 'busy', partition })),
    ...numbers(8).map((partition) => ({ topic: 'large', partition })),
  ];
  const seen = new Set<string>();
  let questions = 0;
  const send = async (pair: ProtocolPair<unknown>): Promise<readonly Fetched[]> => {
    questions++;
    await new Promise<void>((resolve) => void clock.after(10, resolve));
    return (await namedIn(pair)).map(({ topic, partition, offset }, i): Fetched => {
      const has = topic === 'busy' || (partition === 0 && offset === 0 && i === 0);
      return {
        topic,
        partition,
        errorCode: 0,
        start: 0,
        end: offset + 1,
        aborted: [],
        batches: has ? batchOf(['1'], offset) : Buffer.alloc(0),
      };
    });
  };
  const cluster = {
    findTopicPartitionMetadata: (topic: string) =>
      all.filter((at) => at.topic === topic).map(({ partition: partitionId }) => ({ partitionId, leader: 1 })),
    findBroker: async () => ({ connectionPool: { send }, disconnect: async () => {} }),
  } as unknown as Cluster;
  const fetcher = new Fetcher(
    {
      ...{ cluster, around: { clock, random: systemRandom, telemetry: silentTelemetry }, group: 'g' },
      limits: { maxWaitMs: 100, maxBytes: 1 << 20, maxBytesPerPartition: 1 << 20 },
      handlers: { onRecords: ({ topic, partition }) => seen.add(`${topic}/${partition}`), onError: (thrown) => assert.fail(thrown) },
      ends: async (at) => ({ ...at, start: 0, end: 1 }),
      fresh: () => true,
      onEnd: (reason) => assert.fail(String(reason)),
    },
    all,
  );
  fetcher.start(new Map(all.map(({ topic, partition }) => [`${topic}/${partition}`, 0])));
  for (let turn = 0; turn < 3 * all.length; turn++) await clock.advance(10);
  fetcher.stop();
  assert.ok(questions >= 2 * all.length, `${questions} questions`);
  assert.ok(seen.has('large/0'), `not in ${questions} questions`);
});
