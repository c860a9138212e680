import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type FaultProxy, faultProxy } from './proxy.ts';
import { asAdmin, counting, day, fresh, openLog, rawClient, removeTopics, sleep } from './support.ts';

const topics: string[] = [];
const direct = openLog();
const newTopic = async (partitions = 1): Promise<string> => {
  const name = fresh('producer');
  topics.push(name);
  await direct.ensureTopics([{ name, partitions, retentionMs: 7 * day }]);
  return name;
};
const values = async (topic: string, partition = 0) =>
  (await direct.read({ topic, partition }, 0, 100_000)).map(({ value }) => value?.toString());
const withProxy = async (work: (proxy: FaultProxy) => Promise<void>) => {
  const proxy = await faultProxy();
  try {
    await work(proxy);
  } finally {
    await proxy.close();
  }
};

after(async () => {
  await direct.close();
  await removeTopics(topics);
});

test('K9 control: kafkajs loses the message after one that timed out, and says it was written', () =>
  withProxy(async (proxy) => {
    const topic = await newTopic();
    const producer = rawClient({ requestTimeout: 2_500, connectionTimeout: 5_000, socketFactory: proxy.openSocket as never }).producer({
      idempotent: true,
      maxInFlightRequests: 1,
      retry: { retries: 1, initialRetryTime: 50 },
    });
    await producer.connect();
    const send = (value: string) => producer.send({ topic, acks: -1, messages: [{ key: 'k', value }] });
    await send('first');
    proxy.muteAnswers(true);
    await assert.rejects(send('timed out'));
    proxy.muteAnswers(false);
    const [answer] = await send('acknowledged');
    assert.equal(answer?.errorCode, 0);
    assert.deepEqual(await values(topic), ['first', 'timed out'], 'if this has three, the defect is gone and so can be the remedy');
    await producer.disconnect();
  }));

test('K9: after an append without an answer the next ones go out under a new producer id, and all are kept', () =>
  withProxy(async (proxy) => {
    const topic = await newTopic();
    const { telemetry, total } = counting();
    const log = openLog({ openSocket: proxy.openSocket, requestTimeoutMs: 2_500, appendTimeoutMs: 4_000, telemetry });
    const send = (value: string) => log.append([{ topic, key: 'k', value: Buffer.from(value) }]);
    await send('first');
    proxy.muteAnswers(true);
    await assert.rejects(send('timed out'), { code: 'AORTA_LOG_001', class: 'Transient' });
    assert.equal(total('aorta_log_producer_resets_total'), 1);
    proxy.muteAnswers(false);
    const [answer] = await send('acknowledged');
    assert.deepEqual(await values(topic), ['first', 'timed out', 'acknowledged']);
    assert.equal(answer?.offset, 2);
    assert.equal(total('aorta_log_producer_resets_total'), 1);
    await log.close();
  }));

test('K9: an answer lost on the way is repeated under the same sequence: written once', () =>
  withProxy(async (proxy) => {
    const topic = await newTopic();
    const { telemetry, total } = counting();
    const log = openLog({ openSocket: proxy.openSocket, requestTimeoutMs: 500, appendTimeoutMs: 20_000, telemetry });
    await log.append([{ topic, key: 'k', value: Buffer.from('0') }]);
    for (let i = 1; i <= 3; i++) {
      proxy.muteAnswers(true);
      const pending = log.append([{ topic, key: 'k', value: Buffer.from(`${i}`) }]);
      await sleep(700);
      proxy.muteAnswers(false);
      assert.deepEqual(await pending, [{ partition: 0, offset: i }]);
    }
    assert.deepEqual(await values(topic), ['0', '1', '2', '3']);
    assert.ok(total('aorta_log_append_retries_total') >= 3);
    assert.equal(total('aorta_log_producer_resets_total'), 0);
    await log.close();
  }));

test('order and exactly one copy hold while connections are cut all the time', () =>
  withProxy(async (proxy) => {
    const topic = await newTopic(3);
    const log = openLog({ openSocket: proxy.openSocket, requestTimeoutMs: 2000 });
    await log.append([{ topic, partition: 0, key: 'k', value: Buffer.from('start') }]);
    let cuts = 0;
    const cutting = setInterval(() => {
      cuts++;
      proxy.cut();
    }, 120);
    const pending: Promise<unknown>[] = [];
    for (let i = 0; i < 400; i++) {
      pending.push(log.append([0, 1, 2].map((partition) => ({ topic, partition, key: 'k', value: Buffer.from(`${i}`) }))));
      if (i % 10 === 0) await sleep(15);
    }
    await Promise.all(pending);
    clearInterval(cutting);
    assert.ok(cuts >= 3, `${cuts} cuts only`);
    const wanted = Array.from({ length: 400 }, (_, i) => `${i}`);
    assert.deepEqual(await values(topic, 0), ['start', ...wanted]);
    assert.deepEqual(await values(topic, 1), wanted);
    assert.deepEqual(await values(topic, 2), wanted);
    await log.close();
  }));

test('what waits behind a given-up append is rejected with it, so that all can be repeated in order', () =>
  withProxy(async (proxy) => {
    const topic = await newTopic();
    const log = openLog({ openSocket: proxy.openSocket, requestTimeoutMs: 2_500, appendTimeoutMs: 4_000 });
    await log.append([{ topic, key: 'k', value: Buffer.from('start') }]);
    proxy.muteAnswers(true);
    const first = log.append([{ topic, key: 'k', value: Buffer.from('a') }]);
    await sleep(2_600);
    // Its own time is not up when the first one's is, and the brokers answer again by then.
    const second = log.append([{ topic, key: 'k', value: Buffer.from('b') }]);
    const both = Promise.all([assert.rejects(first, { class: 'Transient' }), assert.rejects(second, { class: 'Transient' })]);
    await first.catch(() => proxy.muteAnswers(false));
    await both;
    for (const value of ['a', 'b']) await log.append([{ topic, key: 'k', value: Buffer.from(value) }]);
    const written = await values(topic);
    assert.deepEqual(written.slice(-2), ['a', 'b']);
    assert.ok(!written.slice(0, -2).includes('b'), 'b was written before a was settled');
    await log.close();
  }));

test('an append to a new topic is not overtaken by the next one to a known topic', async () => {
  const log = openLog();
  const [known, other] = [await newTopic(), await newTopic()];
  await log.append([{ topic: known, key: 'k', value: Buffer.from('0') }]);
  const calls = [
    log.append([other, known].map((topic) => ({ topic, key: 'k', value: Buffer.from('1') }))),
    log.append([{ topic: known, key: 'k', value: Buffer.from('2') }]),
    log.append([{ topic: fresh('missing'), key: 'k', value: null }]),
    log.append([{ topic: known, key: 'k', value: Buffer.from('3') }]),
  ];
  const outcomes = await Promise.allSettled(calls);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(await values(known), ['0', '1', '2', '3']);
  await log.close();
});

test('a timestamp that no log can keep is refused, and harms nobody else', async () => {
  const topic = await newTopic();
  const good = direct.append([{ topic, key: 'k', value: Buffer.from('good') }]);
  await assert.rejects(direct.append([{ topic, key: 'k', value: null, timestamp: 1.5 }]), { code: 'AORTA_LOG_015' });
  await good;
});

test('a record above the limit is refused before anything of its call is written', async () => {
  const topic = await newTopic();
  const large = Buffer.alloc(1_000_001);
  const small = { topic, key: 'k', value: Buffer.from('small') };
  await assert.rejects(direct.append([small, { topic, key: 'k', value: large }]), { code: 'AORTA_LOG_007', class: 'Permanent' });
  await direct.append([small]);
  assert.deepEqual(await values(topic), ['small']);
});

test('batches are split to what the topic takes; a single record above that is refused alone', async () => {
  const topic = fresh('producer');
  topics.push(topic);
  const configEntries = [
    { name: 'max.message.bytes', value: '10000' },
    { name: 'retention.ms', value: String(8 * day) },
  ];
  await asAdmin((admin) => admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }], waitForLeaders: false }));
  const value = (i: number) => Buffer.from(`${i}`.padEnd(1000));
  const many = Array.from({ length: 60 }, (_, i) => direct.append([{ topic, key: 'k', value: value(i) }]));
  const large = direct.append([{ topic, key: 'k', value: Buffer.alloc(20_000) }]);
  const last = direct.append([{ topic, key: 'k', value: value(60) }]);
  await assert.rejects(large, { code: 'AORTA_LOG_007', class: 'Permanent' });
  await Promise.all([...many, last]);
  assert.deepEqual(
    (await values(topic)).map((text) => Number(text)),
    Array.from({ length: 61 }, (_, i) => i),
  );
});

test('memory is bounded: beyond the buffer an append is refused with Overload', () =>
  withProxy(async (proxy) => {
    const topic = await newTopic();
    const log = openLog({ openSocket: proxy.openSocket, requestTimeoutMs: 2_500, appendTimeoutMs: 5_000, maxBufferedBytes: 100_000 });
    await log.append([{ topic, key: 'k', value: Buffer.from('start') }]);
    proxy.muteAnswers(true);
    const waiting = log.append([{ topic, key: 'k', value: Buffer.alloc(90_000) }]);
    await assert.rejects(log.append([{ topic, key: 'k', value: Buffer.alloc(20_000) }]), { code: 'AORTA_LOG_006', class: 'Overload' });
    await assert.rejects(waiting, { class: 'Transient' });
    proxy.muteAnswers(false);
    await log.append([{ topic, key: 'k', value: Buffer.alloc(90_000) }]);
    await log.append([{ topic, key: 'k', value: Buffer.alloc(90_000) }]);
    await log.close();
  }));

test('nothing waits for ever: every call against brokers that are not there ends with a coded error', async () => {
  const log = openLog({ brokers: ['127.0.0.1:1'], appendTimeoutMs: 600, questionTimeoutMs: 600, connectTimeoutMs: 300 });
  const unreachable = { class: 'Transient' };
  const consumer = log.consumer({
    group: 'g',
    topics: ['t'],
    onAssigned: async () => [],
    onRevoked: async () => {},
    onLost() {},
    onRecords() {},
    onError() {},
  });
  await Promise.all([
    assert.rejects(log.append([{ topic: 't', key: 'k', value: null }]), unreachable),
    assert.rejects(log.ping(), unreachable),
    assert.rejects(log.ends('t'), unreachable),
    assert.rejects(log.committed('g', 't'), unreachable),
    assert.rejects(log.read({ topic: 't', partition: 0 }, 0, 1), unreachable),
    assert.rejects(log.ensureTopics([{ name: 't', partitions: 1, retentionMs: 7 * day }]), unreachable),
    assert.rejects(consumer.start(), unreachable),
  ]);
  await log.close();
  await assert.rejects(log.append([{ topic: 't', key: 'k', value: null }]), { code: 'AORTA_LOG_016' });
});

test('brokers that stop answering are the same: an append ends at its time-out, close does not wait', () =>
  withProxy(async (proxy) => {
    const topic = await newTopic();
    const log = openLog({ openSocket: proxy.openSocket, requestTimeoutMs: 30_000, appendTimeoutMs: 60_000 });
    await log.append([{ topic, key: 'k', value: Buffer.from('a') }]);
    proxy.muteAnswers(true);
    const pending = log.append([{ topic, key: 'k', value: Buffer.from('b') }]);
    pending.catch(() => {});
    await sleep(50);
    await log.close();
    await assert.rejects(pending, { code: 'AORTA_LOG_016', class: 'Cancelled' });
  }));

test('K10: the broker takes what we compress with each codec, and it reads back the same', async (t) => {
  for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    const topic = await newTopic();
    const log = openLog({ compression });
    t.after(() => log.close());
    await log.append(Array.from({ length: 50 }, (_, i) => ({ topic, key: 'k', value: Buffer.from(`${i}`.repeat(100)) })));
    assert.deepEqual(
      await values(topic),
      Array.from({ length: 50 }, (_, i) => `${i}`.repeat(100)),
      compression,
    );
  }
});
