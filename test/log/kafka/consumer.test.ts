import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openCluster } from '../../../src/log/kafka/cluster.ts';
import type { Log } from '../../../src/log/port.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import { services } from '../../support/services.ts';
import { gate, numbers, type Probe, probe, text } from '../conformance/probe.ts';
import { type FaultProxy, faultProxy } from './proxy.ts';
import { asAdmin, counting, day, fresh, openLog, rawClient, removeTopics, sleep, until } from './support.ts';

const topics: string[] = [];
const log: Log = openLog();
const newTopic = async (partitions: number): Promise<string> => {
  const name = fresh('consumer');
  topics.push(name);
  await log.ensureTopics([{ name, partitions, retentionMs: 8 * day }]);
  return name;
};
const fill = (topic: string, partition: number, count: number, from = 0) =>
  log.append(numbers(count, from).map((i) => ({ topic, partition, key: 'k', value: Buffer.from(`${i}`) })));
const withProxy = async (work: (proxy: FaultProxy) => Promise<void>) => {
  const proxy = await faultProxy();
  try {
    await work(proxy);
  } finally {
    await proxy.close();
  }
};
const evict = async (group: string): Promise<void> => {
  const members = await asAdmin(async (admin) => (await admin.describeGroups([group])).groups[0]?.members ?? []);
  const cluster = openCluster(
    { brokers: services().kafkaBrokers, clientId: 'evict', requestTimeoutMs: 5000, connectTimeoutMs: 2000 },
    silentTelemetry,
  );
  await cluster.connect();
  await cluster.refreshMetadata();
  const coordinator = await cluster.findGroupCoordinator({ groupId: group });
  for (const { memberId } of members) await coordinator.leaveGroup({ groupId: group, memberId });
  await cluster.disconnect();
};

after(async () => {
  await log.close();
  await removeTopics(topics);
});

test('K1: work longer than the session keeps its partition; in kafkajs it is thrown out and the record comes again', async () => {
  const topic = await newTopic(1);
  await fill(topic, 0, 1);
  const raw = rawClient().consumer({ groupId: `${topic}.raw`, sessionTimeout: 2500, heartbeatInterval: 300, maxWaitTimeInMs: 100 });
  await raw.connect();
  await raw.subscribe({ topic, fromBeginning: true });
  let handled = 0;
  await raw.run({
    async eachMessage() {
      handled++;
      await sleep(handled === 1 ? 6500 : 0);
    },
  });
  const ours = probe(log, { group: topic, topics: [topic], sessionTimeoutMs: 4_000 });
  await ours.consumer.start();
  await ours.until('the record', () => ours.records().length === 1);
  await until('the control handles it again', () => handled >= 2);
  await sleep(200);
  assert.equal(ours.generation(), 1);
  assert.equal(ours.records().length, 1);
  await ours.consumer.commit([{ topic, partition: 0, offset: 1, generation: 1 }]);
  assert.deepEqual(
    ours.events.map(({ what }) => what),
    ['assigned', 'records'],
  );
  await Promise.all([raw.disconnect(), ours.consumer.stop()]);
});

test('K2 control: kafkajs commits for a partition that has moved away, under its new generation', async () => {
  const topic = await newTopic(2);
  const group = `${topic}.raw`;
  const consumers = [0, 1].map(() =>
    rawClient().consumer({ groupId: group, sessionTimeout: 3000, heartbeatInterval: 200, maxWaitTimeInMs: 100 }),
  );
  const owned: number[][] = [[], []];
  for (const [i, consumer] of consumers.entries()) {
    consumer.on('consumer.group_join', ({ payload }) => {
      owned[i] = payload.memberAssignment[topic] ?? [];
    });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({ autoCommit: false, eachBatch: async () => {} });
  }
  await until('both have one', () => owned.every(({ length }) => length === 1));
  const [moved] = owned[1] as [number];
  await consumers[0]?.commitOffsets([{ topic, partition: moved, offset: '17' }]);
  assert.equal((await log.committed(group, topic)).get(moved), 17, 'the broker does not check who owns a partition');
  await Promise.all(consumers.map((consumer) => consumer.disconnect()));
});

test('K2: a commit of work from before a rebalance is refused, also when the partition has come back', async () => {
  const topic = await newTopic(1);
  const a = probe(log, { group: topic, topics: [topic] });
  await a.consumer.start();
  await a.until('assignment', () => a.generation() === 1);
  await evict(topic);
  await a.until('lost', () => a.events.some(({ what }) => what === 'lost'));
  await a.until('back', () => a.generation() === 2 && a.held().length === 1);
  await assert.rejects(a.consumer.commit([{ topic, partition: 0, offset: 5, generation: 1 }]), { code: 'AORTA_LOG_005', class: 'Fenced' });
  assert.equal((await log.committed(topic, topic)).size, 0);
  await a.consumer.commit([{ topic, partition: 0, offset: 5, generation: 2 }]);
  await a.consumer.stop();
});

test('K2: the coordinator refuses a member that it has put out, before that member knows', () =>
  withProxy(async (proxy) => {
    const topic = await newTopic(1);
    // Heartbeats so rare that the commit is the first to hear of it.
    const slow = openLog({ openSocket: proxy.openSocket, heartbeatMs: 5000 });
    const a = probe(slow, { group: topic, topics: [topic], sessionTimeoutMs: 20_000 });
    await a.consumer.start();
    await a.until('assignment', () => a.held().length === 1);
    await evict(topic);
    await assert.rejects(a.consumer.commit([{ topic, partition: 0, offset: 5, generation: 1 }]), {
      code: 'AORTA_LOG_005',
      class: 'Fenced',
    });
    assert.equal((await log.committed(topic, topic)).size, 0);
    await a.consumer.stop();
    await slow.close();
  }));

test('K3 control: in kafkajs two members handle one record at the same time', async () => {
  const topic = await newTopic(1);
  await fill(topic, 0, 1);
  const options = { groupId: `${topic}.raw`, sessionTimeout: 1200, heartbeatInterval: 200, rebalanceTimeout: 1200, maxWaitTimeInMs: 100 };
  let running = 0;
  let together = 0;
  const start = async () => {
    const consumer = rawClient().consumer(options);
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      async eachMessage() {
        running++;
        together = Math.max(together, running);
        await sleep(3500);
        running--;
      },
    });
    return consumer;
  };
  const first = await start();
  await until('the first handler', () => running === 1);
  const second = await start();
  await until('both at once', () => together === 2);
  await Promise.all([first.disconnect(), second.disconnect()]);
});

test('K3: a drain longer than the session keeps the partitions until it has ended', async () => {
  const topic = await newTopic(2);
  for (const partition of [0, 1]) await fill(topic, partition, 3);
  let drained = false;
  const a: Probe = probe(log, {
    group: topic,
    topics: [topic],
    sessionTimeoutMs: 4_000,
    async onRevoked(partitions) {
      if (drained) return;
      await sleep(6000);
      await a.consumer.commit(partitions.map((tp) => ({ ...tp, offset: 3, generation: a.generation() })));
      drained = true;
    },
  });
  await a.consumer.start();
  await a.until('all', () => a.records().length === 6);
  const b: Probe = probe(log, {
    group: topic,
    topics: [topic],
    sessionTimeoutMs: 4_000,
    async onAssigned() {
      assert.ok(drained, 'the new owner came before the old one had drained');
      return [];
    },
  });
  await b.consumer.start();
  await b.until('its share', () => b.held().length === 1);
  await fill(topic, b.held()[0] as number, 1, 3);
  await b.until('the new record', () => b.records().length >= 1);
  assert.deepEqual(b.records().map(text), ['3']);
  assert.deepEqual(
    [...a.events, ...b.events].filter(({ what }) => what === 'lost' || what === 'error'),
    [],
  );
  await Promise.all([a.consumer.stop(), b.consumer.stop()]);
});

test('K3: thrown out while it drains, a member hears of the loss at once, and joins again only when the drain has ended', async () => {
  const topic = await newTopic(1);
  const drain = gate();
  const a: Probe = probe(log, {
    group: topic,
    topics: [topic],
    onRevoked: () => (a.generation() === 1 ? drain.opened : Promise.resolve()),
  });
  await a.consumer.start();
  await a.until('assignment', () => a.held().length === 1);
  const b = probe(log, { group: topic, topics: [topic] });
  const starting = b.consumer.start();
  await a.until('drain', () => a.events.some(({ what }) => what === 'revoking'));
  await evict(topic);
  await a.until('lost', () => a.events.some(({ what }) => what === 'lost'));
  await sleep(1000);
  assert.deepEqual(
    a.events.map(({ what }) => what),
    ['assigned', 'revoking', 'lost'],
    'joined while the old work ran',
  );
  await assert.rejects(a.consumer.commit([{ topic, partition: 0, offset: 1 }]), { class: 'Fenced' });
  drain.open();
  await starting;
  await a.until('an owner', () => a.held().length + b.held().length === 1);
  await Promise.all([a.consumer.stop(), b.consumer.stop()]);
});

test('K4 control: a commit during the stop of kafkajs resolves and does nothing', async () => {
  const topic = await newTopic(1);
  const raw = rawClient().consumer({ groupId: `${topic}.raw`, maxWaitTimeInMs: 100 });
  await raw.connect();
  await raw.subscribe({ topic, fromBeginning: true });
  let joined = false;
  raw.on('consumer.group_join', () => {
    joined = true;
  });
  await raw.run({ autoCommit: false, eachBatch: async () => {} });
  await until('it runs', () => joined);
  const stopping = raw.stop();
  await raw.commitOffsets([{ topic, partition: 0, offset: '9' }]);
  await stopping;
  assert.equal((await log.committed(`${topic}.raw`, topic)).size, 0);
  await raw.disconnect();
});

test('K4: commits during the drain of stop count, and stop reads them back', async () => {
  const topic = await newTopic(1);
  const a: Probe = probe(log, { group: topic, topics: [topic], onRevoked: () => a.consumer.commit([{ topic, partition: 0, offset: 9 }]) });
  await a.consumer.start();
  await a.until('assignment', () => a.held().length === 1);
  await a.consumer.stop();
  assert.equal((await log.committed(topic, topic)).get(0), 9);
});

test('K4: stop rejects when the committed offset is not the one that was confirmed', async () => {
  const topic = await newTopic(1);
  const a: Probe = probe(log, {
    group: topic,
    topics: [topic],
    async onRevoked() {
      await a.consumer.commit([{ topic, partition: 0, offset: 9 }]);
      // A stranger using the same seat: what a broker that lost the commit would look like.
      const member = await asAdmin(async (admin) => (await admin.describeGroups([topic])).groups[0]?.members[0]);
      const cluster = openCluster(
        { brokers: services().kafkaBrokers, clientId: 'stranger', requestTimeoutMs: 5000, connectTimeoutMs: 2000 },
        silentTelemetry,
      );
      await cluster.connect();
      await cluster.refreshMetadata();
      const coordinator = await cluster.findGroupCoordinator({ groupId: topic });
      const entry = { topic, partitions: [{ partition: 0, offset: '4', metadata: null }] };
      await coordinator.offsetCommit({ groupId: topic, memberId: member?.memberId as string, groupGenerationId: 1, topics: [entry] });
      await cluster.disconnect();
    },
  });
  await a.consumer.start();
  await a.until('assignment', () => a.held().length === 1);
  await assert.rejects(a.consumer.stop(), { code: 'AORTA_LOG_014', message: /committed at 4, not at 9/ });
});

test('K4: stop against brokers that do not answer ends, with the error', () =>
  withProxy(async (proxy) => {
    const topic = await newTopic(1);
    const through = openLog({ openSocket: proxy.openSocket, commitTimeoutMs: 1000, requestTimeoutMs: 700 });
    const a: Probe = probe(through, {
      group: topic,
      topics: [topic],
      onRevoked: () => a.consumer.commit([{ topic, partition: 0, offset: 1 }]),
    });
    await a.consumer.start();
    await a.until('assignment', () => a.held().length === 1);
    proxy.muteAnswers(true);
    await assert.rejects(a.consumer.stop(), { class: 'Transient' });
    await through.close();
  }));

test('a member that is stopped while its join waits for another leaves at once: nobody waits for its session', async () => {
  const topic = await newTopic(3);
  const drain = gate();
  // Longer than anything here waits: partitions of a member that did not leave would stand still until the test fails.
  const of = { group: topic, topics: [topic], sessionTimeoutMs: 120_000, rebalanceTimeoutMs: 120_000 };
  const membersOf = async () => (await asAdmin((admin) => admin.describeGroups([topic]))).groups[0]?.members.length;
  const a = probe(log, { ...of, onRevoked: () => drain.opened });
  const [b, c] = [probe(log, of), probe(log, of)];
  await a.consumer.start();
  await a.until('all partitions', () => a.held().length === 3);
  await Promise.all([b.consumer.start(), c.consumer.start()]);
  await a.until('it drains', () => a.events.at(-1)?.what === 'revoking');
  await until('the others wait for it', async () => (await membersOf()) === 3);
  await c.consumer.stop();
  assert.equal(await membersOf(), 2);
  assert.equal(a.events.at(-1)?.what, 'revoking', 'it drains all the time');
  drain.open();
  await b.until('both have what there is', () => a.held().length + b.held().length === 3 && b.held().length > 0);
  await Promise.all([a.consumer.stop(), b.consumer.stop()]);
  assert.equal(await membersOf(), 0);
});

test('a drain that never ends does not keep stop for ever', async () => {
  const topic = await newTopic(1);
  const a = probe(log, { group: topic, topics: [topic], rebalanceTimeoutMs: 1500, onRevoked: () => new Promise(() => {}) });
  await a.consumer.start();
  await a.until('assignment', () => a.held().length === 1);
  await assert.rejects(a.consumer.stop(), { class: 'Transient' });
  assert.equal(a.events.at(-1)?.what, 'lost');
});

test('without an answer for a session the partitions count as lost, and delivery goes on when the brokers are back', () =>
  withProxy(async (proxy) => {
    const topic = await newTopic(1);
    const { telemetry, total } = counting();
    const through = openLog({ openSocket: proxy.openSocket, requestTimeoutMs: 1000, commitTimeoutMs: 1500, telemetry });
    const a = probe(through, { group: topic, topics: [topic], sessionTimeoutMs: 4_000 });
    const b = probe(log, { group: topic, topics: [topic] });
    await fill(topic, 0, 3);
    await a.consumer.start();
    await a.until('its records', () => a.records().length === 3);
    proxy.refuse(true);
    await a.until('lost', () => a.events.some(({ what }) => what === 'lost'));
    await assert.rejects(a.consumer.commit([{ topic, partition: 0, offset: 3 }]), { class: 'Fenced' });
    await b.consumer.start();
    await b.until('the other takes over', () => b.records().length === 3);
    await b.consumer.commit([{ topic, partition: 0, offset: 3 }]);
    await a.until('it says that it restarts', () => a.events.some((event) => event.what === 'error' && event.willRestart));
    await b.consumer.stop();
    proxy.refuse(false);
    await a.until('it is back', () => a.held().length === 1);
    await fill(topic, 0, 2, 3);
    await a.until('the new records', () => a.records().length === 5);
    assert.deepEqual(a.records().map(text), numbers(5).map(String));
    assert.ok(total('aorta_log_consumer_restarts_total') >= 1);
    assert.ok(!a.events.some(({ what }) => what === 'revoking'), 'lost partitions must not be drained with commits');
    await a.consumer.stop();
    await through.close();
  }));

test('K11: a crash is reported, counted and followed by a fresh start from what was committed', async () => {
  const topic = await newTopic(1);
  const { telemetry, total } = counting();
  const counted = openLog({ telemetry });
  await fill(topic, 0, 10);
  let throws = 2;
  const a: Probe = probe(counted, {
    group: topic,
    topics: [topic],
    onRecords() {
      if (throws-- > 0) throw new Error('a defect of the handler');
    },
    onRevoked: () => a.consumer.commit([{ topic, partition: 0, offset: 4 }]),
  });
  await a.consumer.start();
  await a.until('three starts', () => a.generation() === 3 && a.records().length >= 10 + 6 + 6);
  assert.equal(total('aorta_log_consumer_restarts_total'), 2);
  const errors = a.events.flatMap((event) => (event.what === 'error' ? [event] : []));
  assert.deepEqual(
    errors.map(({ willRestart }) => willRestart),
    [true, true],
  );
  assert.match(String(errors[0]?.error), /AORTA_LOG_017/);
  assert.deepEqual(a.records().slice(-6).map(text), numbers(6, 4).map(String));
  await a.consumer.stop();
  await counted.close();
});

test('K11: an assignment that the flow does not accept is given back, and tried again', async () => {
  const topic = await newTopic(1);
  await fill(topic, 0, 3);
  let refusals = 2;
  const a = probe(log, {
    group: topic,
    topics: [topic],
    async onAssigned() {
      if (refusals-- > 0) throw new Error('the database is away');
      return [];
    },
  });
  await a.consumer.start();
  await a.until('the records', () => a.records().length === 3);
  assert.deepEqual(
    a.events.map(({ what }) => what),
    ['lost', 'error', 'lost', 'error', 'assigned', 'records'],
  );
  await a.consumer.stop();
});

test('a restart storm of members delivers every record once, in order, when each commits before it gives up', async () => {
  const topic = await newTopic(6);
  const seen = new Map<number, string[]>();
  const join = (): Probe => {
    const next = new Map<number, number>();
    const p: Probe = probe(log, {
      group: topic,
      topics: [topic],
      onRecords(tp, records) {
        const list = seen.get(tp.partition) ?? [];
        seen.set(tp.partition, list);
        for (const record of records) list.push(text(record) as string);
        next.set(tp.partition, (records.at(-1)?.offset as number) + 1);
      },
      async onRevoked() {
        const offsets = [...next].map(([partition, offset]) => ({ topic, partition, offset, generation: p.generation() }));
        next.clear();
        await p.consumer.commit(offsets);
      },
    });
    return p;
  };
  const stays = join();
  await stays.consumer.start();
  let appended = 0;
  for (let round = 0; round < 6; round++) {
    const visitor = join();
    await visitor.consumer.start();
    // Some stay until they have a share, some leave in the middle of the rebalance that they caused.
    if (round % 2 === 0) await visitor.until('a share', () => visitor.held().length > 0);
    for (let i = 0; i < 5; i++) {
      for (const partition of numbers(6)) await fill(topic, partition, 10, appended);
      appended += 10;
      await sleep(60);
    }
    await visitor.consumer.stop();
  }
  await stays.until('everything', () => [...seen.values()].reduce((sum, list) => sum + list.length, 0) >= appended * 6);
  for (const partition of numbers(6)) assert.deepEqual(seen.get(partition), numbers(appended).map(String));
  await stays.consumer.stop();
});
