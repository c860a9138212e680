import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { probe } from '../conformance/probe.ts';
import { faultProxy } from './proxy.ts';
import { day, fresh, openLog, removeTopics, sleep } from './support.ts';

const topic = fresh('heartbeat-age');
after(() => removeTopics([topic]));

test('a consumer says how long ago the group heard of it: young while heartbeats are answered, older when they are not', async () => {
  const proxy = await faultProxy();
  const log = openLog({ openSocket: proxy.openSocket, heartbeatMs: 200, requestTimeoutMs: 1_000, commitTimeoutMs: 1_000 });
  try {
    await log.ensureTopics([{ name: topic, partitions: 1, retentionMs: 8 * day }]);
    const { consumer, until, held } = probe(log, { group: topic, topics: [topic], sessionTimeoutMs: 30_000 });
    await consumer.start();
    await until('assignment', () => held().length === 1);
    const age = () => consumer.heartbeatAgeMs?.() ?? Number.NaN;
    // Beats come every 200 ms: on a busy machine later, and yet again and again.
    let youngest = Number.POSITIVE_INFINITY;
    await sleep(1_000);
    for (let i = 0; i < 20; i++) {
      youngest = Math.min(youngest, age());
      await sleep(50);
    }
    assert.ok(youngest < 1_000, `${youngest} ms`);
    proxy.muteAnswers(true);
    const muted = performance.now();
    await sleep(2_500);
    assert.ok(age() > 1_200 && age() < performance.now() - muted + 2_000, `${age()} ms`);
    proxy.muteAnswers(false);
    for (let tries = 0; age() > 1_000; tries++) {
      assert.ok(tries < 1_200, 'it recovers');
      await sleep(50);
    }
    await consumer.stop();
  } finally {
    await log.close();
    await proxy.close();
  }
});
