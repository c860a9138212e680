import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { Fetcher } from '../../../src/log/kafka/fetcher.ts';
import type { Cluster } from '../../../src/log/kafka/internals.ts';
import type { Fetched, SessionFetched } from '../../../src/log/kafka/protocol.ts';
import { EncodedBatch, payloadSize } from '../../../src/log/kafka/records/encode.ts';
import type { Log, LogRecord } from '../../../src/log/port.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import { services } from '../../support/services.ts';
import { gate, numbers, probe, text } from '../conformance/probe.ts';
import { batchOf } from './fetch-answer.ts';
import { faultProxy } from './proxy.ts';
import { asAdmin, counting, day, fresh, openLog, rawClient, rawKafkajs, removeTopics, silent, sleep, until } from './support.ts';

const topics: string[] = [];
const log: Log = openLog();
const newTopic = async (partitions: number, config: Record<string, string> = {}): Promise<string> => {
  const topic = fresh('fetcher');
  topics.push(topic);
  const configEntries = Object.entries({ 'retention.ms': String(8 * day), ...config }).map(([name, value]) => ({ name, value }));
  await asAdmin((admin) => admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }], waitForLeaders: false }));
  return topic;
};
const fill = (topic: string, partition: number, count: number, from = 0, size = 0) =>
  log.append(numbers(count, from).map((i) => ({ topic, partition, key: 'k', value: Buffer.from(`${i}`.padEnd(size)) })));

after(async () => {
  await log.close();
  await removeTopics(topics);
});

test('K7: unprocessed records of one partition do not hold up another; in kafkajs they do', async () => {
  const topic = await newTopic(2);
  for (const partition of [0, 1]) await fill(topic, partition, 10);
  const raw = rawClient().consumer({ groupId: `${topic}.raw`, maxWaitTimeInMs: 100 });
  await raw.connect();
  await raw.subscribe({ topic, fromBeginning: true });
  let rawOther = 0;
  let letGo: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let holding = false;
  await raw.run({
    autoCommit: false,
    partitionsConsumedConcurrently: 2,
    async eachBatch({ batch }) {
      if (batch.partition === 1) rawOther += batch.messages.length;
      else {
        holding = true;
        await held;
      }
    },
  });
  await until('the handler that holds', () => holding && rawOther > 0);
  const ours = probe(log, { group: topic, topics: [topic] });
  await ours.consumer.start();
  await ours.until('the first ones', () => ours.records().length >= 20);
  const before = rawOther;
  // Nothing of ours has been "processed" or committed; what arrives is only counted.
  await fill(topic, 1, 10, 10);
  await ours.until('the next ones', () => ours.records(1).length >= 20);
  await sleep(600);
  assert.equal(rawOther, before, 'the control went on');
  letGo();
  await until('the control goes on', () => rawOther >= 20);
  await Promise.all([raw.disconnect(), ours.consumer.stop()]);
});

test('what a paused partition had fetched is kept without what was fetched for others, and delivered as it was', async () => {
  // One answer for both: with a broker, when a partition's records come alone is a matter of the moment.
  const one = batchOf(numbers(600).map((i) => `${i}`.padEnd(1000)));
  const answer = Buffer.concat([one, one, Buffer.alloc(one.length)]);
  const fetched = (partition: number): Fetched => {
    const batches = answer.subarray(partition * one.length, (partition + 1) * one.length);
    return { topic: 't', partition, errorCode: 0, start: 0, end: 600, aborted: [], batches };
  };
  let requests = 0;
  const broker = {
    connectionPool: {
      async send(): Promise<readonly Fetched[]> {
        if (requests++ === 0) return [fetched(0), fetched(1)];
        await sleep(20);
        return [];
      },
    },
    disconnect: async () => {},
  };
  const seen: LogRecord[][] = [[], []];
  const fetcher = new Fetcher(
    {
      cluster: {
        targetTopics: new Set(['t']),
        findTopicPartitionMetadata: () => [0, 1].map((partitionId) => ({ partitionId, leader: 1 })),
        findBroker: async () => broker,
        refreshMetadata: async () => {},
      } as unknown as Cluster,
      limits: { maxWaitMs: 100, maxBytes: 1 << 21, maxBytesPerPartition: 1 << 20 },
      around: { clock: systemClock, random: systemRandom, telemetry: silentTelemetry },
      group: 'g',
      handlers: {
        onRecords(at, records) {
          if (at.partition === 0 && seen[0]?.length === 0) fetcher.pause(at);
          seen[at.partition]?.push(...records);
        },
        onError: (thrown) => assert.fail(thrown),
      },
      ends: async (at) => ({ ...at, start: 0, end: 600 }),
      fresh: () => true,
      onEnd: (reason) => assert.fail(String(reason)),
    },
    [0, 1].map((partition) => ({ topic: 't', partition })),
  );
  fetcher.start(
    new Map([
      ['t/0', 0],
      ['t/1', 0],
    ]),
  );
  const [slow, other] = seen as [LogRecord[], LogRecord[]];
  await until('the first piece, and the other partition', () => slow.length > 0 && other.length === 600);
  const pieces = slow.length;
  assert.ok(pieces < 600, 'the rest is kept');
  const keeps = (record: LogRecord | undefined) => record?.value?.buffer.byteLength ?? 0;
  assert.equal(keeps(slow[0]), answer.buffer.byteLength, 'at first, a view of the whole answer');
  await sleep(1_500);
  fetcher.resume({ topic: 't', partition: 0 });
  await until('all of them', () => slow.length === 600);
  fetcher.stop();
  const rest = Math.max(...slow.slice(pieces).map(keeps));
  assert.ok(rest <= one.length, `${rest} bytes`);
  for (const records of seen) assert.ok(records.every(({ value }, i) => Number(value) === i));
});

test('K12: a resumed partition is read long before kafkajs with its defaults reads it', async () => {
  const topic = await newTopic(2);
  const raw = rawClient().consumer({ groupId: `${topic}.raw` });
  await raw.connect();
  await raw.subscribe({ topic, fromBeginning: true });
  let rawSeen = 0;
  await raw.run({
    autoCommit: false,
    async eachBatch({ batch }) {
      if (batch.partition === 1) rawSeen += batch.messages.length;
    },
  });
  const ours = probe(log, { group: topic, topics: [topic] });
  await ours.consumer.start();
  await ours.until('assignment', () => ours.held().length === 2);
  raw.pause([{ topic, partitions: [1] }]);
  ours.consumer.pause({ topic, partition: 1 });
  await until('the control waits', () => raw.paused().length > 0);
  await fill(topic, 1, 1);
  // Both now wait for the other, quiet partition.
  await fill(topic, 0, 1);
  await ours.until('the quiet one', () => ours.records(0).length === 1);
  await sleep(300);
  const start = performance.now();
  raw.resume([{ topic, partitions: [1] }]);
  ours.consumer.resume({ topic, partition: 1 });
  const oursTook = ours.until('resumed', () => ours.records(1).length === 1).then(() => performance.now() - start);
  const rawTook = until('resumed in the control', () => rawSeen === 1).then(() => performance.now() - start);
  assert.ok((await oursTook) * 2 < (await rawTook), `ours ${await oursTook} ms, kafkajs ${await rawTook} ms`);
  await Promise.all([raw.disconnect(), ours.consumer.stop()]);
});

test('K12: a resumed partition does not wait for the long poll of the others; in kafkajs with the same wait it does', async () => {
  const topic = await newTopic(2);
  const patient = openLog({ maxWaitMs: 500 });
  const raw = rawClient().consumer({ groupId: `${topic}.raw`, maxWaitTimeInMs: 500 });
  await raw.connect();
  await raw.subscribe({ topic, fromBeginning: true });
  let rawSeen = 0;
  await raw.run({
    autoCommit: false,
    async eachBatch({ batch }) {
      if (batch.partition === 1) rawSeen += batch.messages.length;
    },
  });
  const ours = probe(patient, { group: topic, topics: [topic] });
  await ours.consumer.start();
  await ours.until('assignment', () => ours.held().length === 2);
  const oursMs: number[] = [];
  const rawMs: number[] = [];
  for (let round = 0; round < 6; round++) {
    raw.pause([{ topic, partitions: [1] }]);
    ours.consumer.pause({ topic, partition: 1 });
    // Polls that were sent before the pause must be over: they may still bring the record.
    await sleep(600);
    await fill(topic, 1, 1, round);
    await sleep(round * 60);
    const start = performance.now();
    raw.resume([{ topic, partitions: [1] }]);
    ours.consumer.resume({ topic, partition: 1 });
    await Promise.all([
      ours
        .until('resumed', () => ours.records(1).length === round + 1)
        .then(() => {
          oursMs.push(performance.now() - start);
        }),
      until('resumed in the control', () => rawSeen === round + 1).then(() => {
        rawMs.push(performance.now() - start);
      }),
    ]);
  }
  // The middle: a machine that stops for a moment makes one round long for both.
  const middle = (times: readonly number[]) => times.toSorted((a, b) => a - b)[3] ?? Number.NaN;
  assert.ok(middle(oursMs) * 2 < middle(rawMs), `ours ${oursMs.map(Math.round)} ms, kafkajs ${rawMs.map(Math.round)} ms`);
  await Promise.all([raw.disconnect(), ours.consumer.stop()]);
  await patient.close();
});

test('K12: the wait is 100 to 500 ms, nothing else', () => {
  for (const maxWaitMs of [99, 501, Number.NaN, 5000]) assert.throws(() => openLog({ maxWaitMs }), { code: 'AORTA_LOG_018' });
  assert.throws(() => openLog({ brokers: [] }), { code: 'AORTA_LOG_018' });
});

for (const codec of ['gzip', 'snappy', 'lz4', 'zstd']) {
  test(`K10: what the Java broker compresses with ${codec} is read`, async () => {
    const topic = await newTopic(1, { 'compression.type': codec });
    await log.append(numbers(300).map((i) => ({ topic, key: 'k', value: Buffer.from(`${i} `.repeat(200)), headers: { eventId: `${i}` } })));
    const ours = probe(log, { group: topic, topics: [topic] });
    await ours.consumer.start();
    await ours.until('all', () => ours.records().length >= 300);
    assert.deepEqual(
      ours.records().map(text),
      numbers(300).map((i) => `${i} `.repeat(200)),
    );
    assert.deepEqual(
      (await log.read({ topic, partition: 0 }, 297, 10)).map(({ headers }) => String(headers['eventId'])),
      ['297', '298', '299'],
    );
    await ours.consumer.stop();
  });
}

test('K10 and K11 control: kafkajs stops dead at a zstd batch and stays down', async () => {
  const topic = await newTopic(1, { 'compression.type': 'zstd' });
  await fill(topic, 0, 100, 0, 200);
  const { Kafka } = rawKafkajs();
  const raw = new Kafka({ ...silent, brokers: services().kafkaBrokers, clientId: 'control' }).consumer({ groupId: topic });
  await raw.connect();
  await raw.subscribe({ topic, fromBeginning: true });
  let crash: { restart: boolean; error: Error } | undefined;
  let seen = 0;
  raw.on('consumer.crash', ({ payload }) => {
    crash = payload;
  });
  await raw.run({ eachMessage: async () => void seen++ });
  await until('the crash', () => crash !== undefined);
  assert.match(String(crash?.error.message), /ZSTD/);
  assert.equal(crash?.restart, false);
  assert.equal(seen, 0);
  await raw.disconnect();
});

test('K10: a partition whose batch is damaged stops with a coded error, once; the others go on', async () => {
  const proxy = await faultProxy();
  const topic = await newTopic(2);
  const { telemetry, total } = counting();
  const through = openLog({ openSocket: proxy.openSocket, telemetry });
  await fill(topic, 0, 5);
  await log.append([{ topic, partition: 0, key: 'k', value: Buffer.from('<<damage me>>') }]);
  await fill(topic, 1, 5);
  proxy.tamper(Buffer.from('<<damage'), Buffer.from('<<DAMAGE'));
  const ours = probe(through, { group: topic, topics: [topic] });
  await ours.consumer.start();
  await ours.until('the error', () => ours.events.some(({ what }) => what === 'error'));
  await fill(topic, 1, 50, 5);
  await ours.until('the other partition', () => ours.records(1).length >= 55);
  const errors = ours.events.flatMap((event) => (event.what === 'error' ? [event] : []));
  assert.equal(errors.length, 1);
  assert.equal(errors[0]?.willRestart, false);
  const [{ error: thrown }] = errors as unknown as [{ error: Error }];
  const problem = thrown as unknown as { code: string; class: string; details: Record<string, unknown> };
  assert.equal(problem.code, 'AORTA_LOG_010');
  assert.equal(problem.class, 'Decode');
  assert.deepEqual([problem.details['topic'], problem.details['partition']], [topic, 0]);
  assert.equal(total('aorta_log_unreadable_partitions_total'), 1);
  assert.ok(!ours.records(0).some((record) => /damage/i.test(text(record) ?? '')));
  await ours.consumer.stop();
  await through.close();
  await proxy.close();
});

test('records that retention removed are passed over and counted; reading goes on at the start of the log', async () => {
  const topic = await newTopic(1);
  await fill(topic, 0, 100);
  await asAdmin(async (admin) => {
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '60' }] });
  });
  const { telemetry, total } = counting();
  const counted = openLog({ telemetry });
  const ours = probe(counted, { group: topic, topics: [topic], onAssigned: async () => [{ topic, partition: 0, offset: 20 }] });
  await ours.consumer.start();
  await ours.until('the rest', () => ours.records().length >= 40);
  assert.deepEqual(ours.records().map(text), numbers(40, 60).map(String));
  assert.equal(total('aorta_log_expired_records_total'), 40);
  assert.deepEqual(
    (await counted.ends(topic)).map(({ start, end }) => [start, end]),
    [[60, 100]],
  );
  assert.deepEqual(
    (await counted.read({ topic, partition: 0 }, 0, 2)).map(({ offset }) => offset),
    [60, 61],
  );
  await ours.consumer.stop();
  await counted.close();
});

test('an offset above the end is never silently moved: the consumer reports it and asks again where to start', async () => {
  const topic = await newTopic(1);
  await fill(topic, 0, 10);
  let start = 5000;
  const ours = probe(log, { group: topic, topics: [topic], onAssigned: async () => [{ topic, partition: 0, offset: start }] });
  await ours.consumer.start();
  await ours.until('the error', () => ours.events.some(({ what }) => what === 'error'));
  const [first] = ours.events.flatMap((event) => (event.what === 'error' ? [event] : []));
  assert.match(String(first?.error), /AORTA_LOG_013/);
  assert.equal(first?.willRestart, true);
  assert.equal(ours.records().length, 0);
  start = 7;
  await ours.until('the records', () => ours.records().length >= 3);
  assert.deepEqual(ours.records().map(text), ['7', '8', '9']);
  await ours.consumer.stop();
});

test('fetching survives cut connections without a gap or a repetition', async () => {
  const proxy = await faultProxy();
  const topic = await newTopic(3);
  const through = openLog({ openSocket: proxy.openSocket, requestTimeoutMs: 2000 });
  const ours = probe(through, { group: topic, topics: [topic] });
  await ours.consumer.start();
  await ours.until('assignment', () => ours.held().length === 3);
  for (let round = 0; round < 10; round++) {
    for (const partition of numbers(3)) await fill(topic, partition, 200, round * 200, 200);
    proxy.cut();
    await sleep(60);
  }
  await ours.until('all', () => ours.records().length >= 6000);
  for (const partition of numbers(3))
    assert.deepEqual(
      ours.records(partition).map(({ offset }) => offset),
      numbers(2000),
    );
  assert.equal(ours.generation(), 1, 'a cut connection is no reason to rebalance');
  await ours.consumer.stop();
  await through.close();
  await proxy.close();
});

test('new partitions of a topic are found and read', async () => {
  const topic = await newTopic(1);
  const ours = probe(log, { group: topic, topics: [topic] });
  await ours.consumer.start();
  await ours.until('one', () => ours.held().length === 1);
  await asAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] }));
  // The leader of the group deals anew at the next join; another member's arrival brings one.
  const other = probe(log, { group: topic, topics: [topic] });
  await other.consumer.start();
  await ours.until('three', () => ours.held().length + other.held().length === 3);
  await Promise.all([ours.consumer.stop(), other.consumer.stop()]);
});

test('a partition that moves to another broker while its old one answers is not delivered twice', async () => {
  // Two brokers: the one part of the real thing that the tests' single broker cannot show.
  const payload = (from: number): Buffer => {
    const records = [{ topic: 't', key: 'k', value: Buffer.from(`${from}`) }];
    const encoded = new EncodedBatch(records, records.map(payloadSize), { producerId: -1n, producerEpoch: -1, sequence: -1 }, 1, 'none');
    const bytes = Buffer.alloc(encoded.size);
    encoded.write(bytes, 0);
    bytes.writeBigInt64BE(BigInt(from), 0);
    return bytes;
  };
  let leader = 1;
  const asked: string[] = [];
  const answer = (offset: number): Fetched => ({
    topic: 't',
    partition: 0,
    errorCode: 0,
    start: 0,
    end: 9,
    aborted: [],
    batches: payload(offset),
  });
  const late = gate();
  const requests = { 1: 0, 2: 0 };
  const broker = (node: 1 | 2) => ({
    connectionPool: {
      async send(): Promise<readonly Fetched[]> {
        const turn = requests[node]++;
        asked.push(`${node}:${turn}`);
        if (node === 1 && turn === 0) {
          await late.opened;
          return [answer(0)];
        }
        if (node === 2 && turn === 0) return [answer(0)];
        await sleep(20);
        return [];
      },
    },
    disconnect: async () => {},
  });
  const delivered: number[] = [];
  const cluster = {
    targetTopics: new Set(['t']),
    findTopicPartitionMetadata: () => [{ partitionId: 0, leader }],
    findBroker: async ({ nodeId }: { nodeId: number }) => broker(nodeId as 1 | 2),
    refreshMetadata: async () => {},
  } as unknown as Cluster;
  const fetcher = new Fetcher(
    {
      cluster,
      limits: { maxWaitMs: 100, maxBytes: 1000, maxBytesPerPartition: 1000 },
      around: { clock: systemClock, random: systemRandom, telemetry: silentTelemetry },
      group: 'g',
      handlers: {
        onRecords: (_, records) => void delivered.push(...records.map(({ offset }) => offset)),
        onError: (thrown) => assert.fail(thrown),
      },
      ends: async () => ({ topic: 't', partition: 0, start: 0, end: 9 }),
      fresh: () => true,
      onEnd: (reason) => assert.fail(String(reason)),
    },
    [{ topic: 't', partition: 0 }],
  );
  fetcher.start(new Map([['t/0', 0]]));
  await until('the first request', () => requests[1] === 1);
  leader = 2;
  fetcher.reroute();
  await until('the new broker answered', () => delivered.length === 1);
  late.open();
  await until('both went on', () => requests[2] > 1);
  await sleep(60);
  fetcher.stop();
  assert.deepEqual(delivered, [0]);
});

test('nothing is asked for while the reader wants no more, and a full answer is followed by a question for few partitions', async () => {
  const partitions = numbers(100).map((partition) => ({ topic: 't', partition }));
  const questions: { readonly partitions: number; readonly waitMs: number }[] = [];
  const big = (offset: number): Buffer => {
    const records = [{ topic: 't', key: 'k', value: Buffer.alloc(900) }];
    const batch = new EncodedBatch(records, records.map(payloadSize), { producerId: -1n, producerEpoch: -1, sequence: -1 }, 1, 'none');
    const into = Buffer.alloc(batch.size);
    batch.write(into, 0);
    into.writeBigInt64BE(BigInt(offset), 0);
    return into;
  };
  const broker = {
    connectionPool: {
      async send({ request }: { request: { encode(): Promise<{ buffer: Buffer }> } }): Promise<readonly Fetched[] | SessionFetched> {
        const { buffer } = await request.encode();
        // Replica, wait, least bytes, most bytes, isolation, session, epoch, topics, the topic, partitions.
        questions.push({ waitMs: buffer.readInt32BE(4), partitions: buffer.readInt32BE(32) });
        const partition = buffer.readInt32BE(36);
        const offset = Number(buffer.readBigInt64BE(44));
        if (questions.length > 1) await sleep(20);
        const fetched: Fetched[] =
          offset > 0 || questions.length > 1
            ? []
            : [{ topic: 't', partition, errorCode: 0, end: 1, start: 0, aborted: [], batches: big(0) }];
        // It has no room for a session: all that is asked for is named each time.
        return buffer.readInt32BE(21) === 0 ? { fetched, session: 0, sessionError: 0 } : fetched;
      },
    },
    disconnect: async () => {},
  };
  const cluster = {
    targetTopics: new Set(['t']),
    findTopicPartitionMetadata: () => partitions.map(({ partition }) => ({ partitionId: partition, leader: 1 })),
    findBroker: async () => broker,
    refreshMetadata: async () => {},
  } as unknown as Cluster;
  let [wants, asks] = [false, 0];
  const fetcher = new Fetcher(
    {
      cluster,
      limits: { maxWaitMs: 100, maxBytes: 1000, maxBytesPerPartition: 1000 },
      around: { clock: systemClock, random: systemRandom, telemetry: silentTelemetry },
      group: 'g',
      handlers: {
        onRecords: () => {},
        onError: (thrown) => assert.fail(thrown),
        wantsMore: () => {
          asks++;
          return wants;
        },
      },
      ends: async () => ({ topic: 't', partition: 0, start: 0, end: 9 }),
      fresh: () => true,
      onEnd: (reason) => assert.fail(String(reason)),
    },
    partitions,
  );
  fetcher.start(new Map(partitions.map(({ partition }) => [`t/${partition}`, 0])));
  await until('it was asked again and again', () => asks > 3);
  assert.equal(questions.length, 0);
  wants = true;
  await until('five questions', () => questions.length >= 5);
  fetcher.stop();
  assert.deepEqual(questions.slice(0, 5), [
    { partitions: 100, waitMs: 100 },
    // What is not asked for may have records: nobody waits.
    { partitions: 16, waitMs: 0 },
    { partitions: 64, waitMs: 0 },
    { partitions: 100, waitMs: 100 },
    { partitions: 100, waitMs: 100 },
  ]);
});

test('a batch larger than the share of its partition is read although other partitions always have data', async () => {
  const topic = await newTopic(3);
  const small = openLog({ maxFetchBytes: 60_000, maxFetchBytesPerPartition: 20_000 });
  await small.append([{ topic, partition: 2, key: 'k', value: Buffer.alloc(300_000, 'x') }]);
  for (const partition of [0, 1]) await fill(topic, partition, 2000, 0, 500);
  const ours = probe(small, { group: topic, topics: [topic] });
  await ours.consumer.start();
  await ours.until('the large one', () => ours.records(2).length === 1);
  assert.ok(ours.records().length < 4001, 'it came last of all: the others starved it');
  await ours.until('all', () => ours.records().length === 4001);
  await ours.consumer.stop();
  await small.close();
});
