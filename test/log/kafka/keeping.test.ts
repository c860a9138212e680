import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import { asAdmin, day, fresh, openLog, removeTopics } from './support.ts';

const topics: string[] = [];
const logged: [string, string, Readonly<Record<string, unknown>>][] = [];
const log = openLog({
  telemetry: {
    ...silentTelemetry,
    log: (level, event, fields = {}) => void logged.push([level, event, fields as Record<string, unknown>]),
  },
});
after(async () => {
  await log.close();
  await removeTopics(topics);
});

/** A topic as somebody else made it. */
async function foreign(config: Readonly<Record<string, string>>): Promise<string> {
  const topic = fresh('keeping');
  topics.push(topic);
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  await asAdmin((admin) => admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }], waitForLeaders: true }));
  return topic;
}

test('a topic that exists and keeps less than the flow declares is used, and told of', async () => {
  const [short, exact, small] = [
    await foreign({ 'retention.ms': String(day) }),
    await foreign({ 'retention.ms': String(7 * day) }),
    await foreign({ 'retention.ms': '-1', 'retention.bytes': '1000000' }),
  ];
  for (const name of [short, exact, small]) await log.ensureTopics([{ name, partitions: 1, retentionMs: 7 * day }]);
  assert.deepEqual(
    logged.filter(([, event]) => event === 'log.retention-drift').map(([level, , { topic, code }]) => [level, topic, code]),
    [
      ['error', short, 'AORTA_LOG_003'],
      ['error', small, 'AORTA_LOG_003'],
    ],
  );
  const keeping = await log.keeping([short, exact, small]);
  assert.deepEqual(keeping.get(short), { retentionMs: day, retentionBytes: Number.POSITIVE_INFINITY });
  assert.deepEqual(keeping.get(small), { retentionMs: Number.POSITIVE_INFINITY, retentionBytes: 1_000_000 });
  // What the flow itself asks for is refused.
  await assert.rejects(log.ensureTopics([{ name: short, partitions: 1, retentionMs: day }]), { code: 'AORTA_LOG_003' });
});
