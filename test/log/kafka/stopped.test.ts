import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../../src/clock/system.ts';
import { KafkaConsumer } from '../../../src/log/kafka/consumer.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';

test('a consumer says once that it has stopped, also one that never began: it takes no share of what is fetched', async () => {
  const around = { clock: new VirtualClock(), random: systemRandom, telemetry: silentTelemetry };
  const consumers = new Set<KafkaConsumer>();
  let told = 0;
  const consumer: KafkaConsumer = new KafkaConsumer(
    {
      ...{ group: 'g', topics: ['t'], onAssigned: async () => {}, onRevoked: async () => {}, onLost() {} },
      ...{ onRecords() {}, onError() {} },
    } as never,
    {
      connect: { brokers: ['127.0.0.1:1'], clientId: 'c', requestTimeoutMs: 1_000, connectTimeoutMs: 100 },
      limits: { maxWaitMs: 100, maxBytes: 1, maxBytesPerPartition: 1 },
      ...{ around, heartbeatMs: 500, commitTimeoutMs: 1_000 },
      ends: async () => ({ topic: 't', partition: 0, start: 0, end: 0 }),
      onStopped: () => {
        told++;
        consumers.delete(consumer);
      },
    },
  );
  consumers.add(consumer);
  await Promise.all([consumer.stop(), consumer.stop()]);
  assert.deepEqual([told, consumers.size], [1, 0]);
});
