import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../../src/clock/system.ts';
import { Fetcher } from '../../../src/log/kafka/fetcher.ts';
import type { Cluster } from '../../../src/log/kafka/internals.ts';
import type { Fetched } from '../../../src/log/kafka/protocol.ts';
import { EncodedBatch, payloadSize } from '../../../src/log/kafka/records/encode.ts';
import type { Append, LogRecord } from '../../../src/log/port.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';

const at = { topic: 't', partition: 0 };
const count = 3000;

/** One answer of `count` records, among four times as much for other partitions, and nothing behind it. */
function answer(): Fetched {
  const records = Array.from({ length: count }, (_, i): Append => ({ topic: 't', key: 'k', value: Buffer.from(`${i}`.padEnd(100)) }));
  const encoded = new EncodedBatch(records, records.map(payloadSize), { producerId: -1n, producerEpoch: -1, sequence: -1 }, 1, 'none');
  const batches = Buffer.from(new ArrayBuffer(encoded.size * 5)).subarray(encoded.size, encoded.size * 2);
  encoded.write(batches, 0);
  return { ...at, errorCode: 0, start: 0, end: count, aborted: [], batches };
}

test('what is kept through many short pauses does not stay a view of an answer for many partitions', async () => {
  const clock = new VirtualClock();
  let asked = 0;
  const send = async (): Promise<readonly Fetched[]> => {
    if (asked++ === 0) return [answer()];
    await new Promise<void>((resolve) => void clock.after(100, resolve));
    return [];
  };
  const cluster = {
    findTopicPartitionMetadata: () => [{ partitionId: 0, leader: 1 }],
    findBroker: async () => ({ connectionPool: { send }, disconnect: async () => {} }),
  } as unknown as Cluster;
  const seen: LogRecord[] = [];
  const fetcher = new Fetcher(
    {
      cluster,
      limits: { maxWaitMs: 100, maxBytes: 1 << 20, maxBytesPerPartition: 1 << 20 },
      around: { clock, random: systemRandom, telemetry: silentTelemetry },
      group: 'g',
      handlers: {
        onRecords(partition, records) {
          seen.push(...records);
          fetcher.pause(partition);
        },
        onError: (thrown) => assert.fail(thrown),
      },
      ends: async () => ({ ...at, start: 0, end: count }),
      fresh: () => true,
      onEnd: (reason) => assert.fail(String(reason)),
    },
    [at],
  );
  fetcher.start(new Map([['t/0', 0]]));
  await clock.advance(10);
  // Shorter than the time between two looks.
  while (seen.length < count) {
    assert.ok(seen.length > 0);
    await clock.advance(300);
    fetcher.resume(at);
    await clock.advance(10);
  }
  fetcher.stop();
  assert.deepEqual(
    seen.map(({ value }) => Number(value)),
    Array.from({ length: count }, (_, i) => i),
  );
  const whole = seen[0]?.value?.buffer.byteLength ?? 0;
  const views = seen.filter(({ value }) => value?.buffer.byteLength === whole).length;
  assert.ok(views < 1500, `${views} of ${count} were views when they were delivered`);
});
