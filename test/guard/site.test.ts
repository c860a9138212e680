// Flows with guards on real services: what opossum, bottleneck and Redis do here is what they do in production.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock, systemRandom } from '../../src/clock/system.ts';
import { type RunningFlow, startFlow } from '../../src/engine/index.ts';
import { createGuards, type Guards } from '../../src/guard/index.ts';
import { branch, call, dedupe, defineTarget, effect, type Flow, flow, pipe, type Target, table, topic, write } from '../../src/index.ts';
import { createMemoryKeyed } from '../../src/keyed/memory/index.ts';
import type { Keyed } from '../../src/keyed/port.ts';
import { createRedisKeyed } from '../../src/keyed/redis/index.ts';
import { createKafkaLog } from '../../src/log/kafka/index.ts';
import { header, type Log } from '../../src/log/port.ts';
import { createSqliteLog } from '../../src/log/sqlite/log.ts';
import { serdeFor } from '../../src/schema/serde.ts';
import type { State } from '../../src/state/port.ts';
import { createPostgresState } from '../../src/state/postgres/index.ts';
import { createSqliteState } from '../../src/state/sqlite/state.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { memoryRegistry } from '../../src/testing/memory-registry.ts';
import { PrivateRedis } from '../keyed/redis/private-redis.ts';
import { temporaryDatabase } from '../sqlite/temporary.ts';
import { freshDatabase, services, uniqueName } from '../support/services.ts';
import { FlakyServer } from './flaky-server.ts';

interface Order {
  readonly id: string;
  readonly n: number;
}
const schema = {
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'n', type: 'int' },
  ],
};
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function eventually(what: string, condition: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> {
  const until = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > until) throw new Error(`not within ${ms} ms: ${what}`);
    await sleep(50);
  }
}

const post = (url: string, target: Target) => async (order: Order, ctx: { signal: AbortSignal; idempotencyKey: string }) => {
  const response = await fetch(`${url}/${target.name}`, {
    method: 'POST',
    headers: { 'idempotency-key': ctx.idempotencyKey },
    body: JSON.stringify({ id: order.id, n: order.n }),
    signal: ctx.signal,
  });
  if (!response.ok) throw response;
  await response.text();
  return order;
};

interface Worker {
  readonly running: RunningFlow;
  readonly guards: Guards;
}

async function work(built: Flow<unknown>, parts: { log: Log; state: State; keyed: Keyed }, name: string): Promise<Worker> {
  const registry = await memoryRegistry();
  const surroundings = { clock: systemClock, random: systemRandom, telemetry: silentTelemetry };
  const guards = await createGuards({ ...surroundings, keyed: parts.keyed, worker: name });
  const running = await startFlow(built, {
    ...{ ...parts, ...surroundings, guards },
    serde: (t) => serdeFor(registry, t),
    partitions: (t) => parts.log.partitions(t),
  });
  return { running, guards };
}

async function append(log: Log, topicName: string, orders: readonly (Order & { key: string })[], source: ReturnType<typeof topic<Order>>) {
  const serde = await serdeFor(await memoryRegistry(), source);
  await log.append(
    orders.map(({ key, id, n }, i) => ({
      topic: topicName,
      key,
      value: serde.serialize({ id, n }),
      headers: { [header.eventId]: `${id}-${n}-${i}` },
    })),
  );
}

const done = () =>
  table<{ patient: string; id: string; n: number }>(uniqueName('done'), {
    columns: { patient: { type: 'text' }, id: { type: 'text' }, n: { type: 'integer' } },
    key: ['patient', 'id', 'n'],
  });

test('a system that is down: few calls, one probe at a time, nobody else waits, and everything is done soon after it is back', {
  timeout: 400_000,
}, async () => {
  const server = await FlakyServer.start();
  const { database, remove } = temporaryDatabase();
  const parts = {
    log: createSqliteLog({ database, clock: systemClock }),
    state: createSqliteState({ database }),
    keyed: await createMemoryKeyed({ clock: systemClock }),
  };
  const source = topic<Order>(uniqueName('orders'), schema, { partitions: 4 });
  const rows = done();
  const ehr = defineTarget('ehr', { deadlineMs: 5_000, breaker: { openMs: 1_000 } });
  const lis = defineTarget('lis', { deadlineMs: 5_000 });
  const written = write<Order>('done', {
    tables: [rows],
    effects: ({ id, n }, ctx) => effect.insert(rows, { patient: ctx.key, id, n }),
  });
  const written2 = write<Order>('done-too', {
    tables: [rows],
    effects: ({ id, n }, ctx) => effect.insert(rows, { patient: ctx.key, id, n }),
  });
  const built = flow(uniqueName('flaky').replaceAll('_', '-'))
    .from(source)
    .pipe(
      branch('system', {
        ehr: [(order: Order) => order.id.startsWith('ehr'), pipe(call('to-ehr', ehr, post(server.url, ehr), { key: 'derived' }), written)],
        otherwise: pipe(call('to-lis', lis, post(server.url, lis), { key: 'derived' }), written2),
      }),
    );
  const worker = await work(built, parts, 'w');
  const count = async (prefix: string) =>
    (await parts.state.query<{ n: number }>(`SELECT count(*) AS n FROM ${rows.name} WHERE id LIKE ?`, [`${prefix}%`]))[0]?.n ?? 0;
  const ehrState = () => worker.running.targets().find(({ target }) => target === 'ehr');
  try {
    let up = false;
    server.answer = ({ path }) => (path === '/lis' || up ? { status: 200 } : { status: 503, afterMs: 50 });
    const orders = (prefix: string) =>
      Array.from({ length: 120 }, (_, i) => ({ key: `${prefix}-${i % 40}`, id: `${prefix}-${i % 40}`, n: Math.floor(i / 40) }));
    await append(parts.log, source.name, orders('ehr'), source);
    await eventually('the breaker opens', () => ehrState()?.breaker === 'open');
    const toEhr = () => server.requests.filter(({ path }) => path === '/ehr');
    assert.ok(toEhr().length <= 20, `${toEhr().length} calls before it opened`);
    await append(parts.log, source.name, orders('lis'), source);
    await eventually('the other system’s patients are served', async () => (await count('lis')) === 120);
    assert.ok(worker.running.whyPartition(0).some(({ reason, operator }) => reason === 'breaker' && operator === 'ehr'));

    const before = toEhr().length;
    await eventually('three probes', () => toEhr().length >= before + 3);
    const probes = toEhr().slice(before);
    assert.ok(
      probes.every(({ together }) => together === 1),
      'never two at a time',
    );
    for (const [i, probe] of probes.entries()) {
      const previous = probes[i - 1];
      if (previous) assert.ok(probe.at - previous.at >= 1_000, `${probe.at - previous.at} ms between probes`);
    }
    up = true;
    await eventually('all are done', async () => (await count('ehr')) === 120, 90_000);
    const good = toEhr().filter(({ status }) => status === 200);
    const byPatient = Map.groupBy(
      good.map(({ body }) => JSON.parse(body) as Order),
      ({ id }) => id,
    );
    for (const [id, all] of byPatient)
      assert.deepEqual(
        all.map(({ n }) => n),
        [0, 1, 2],
        `${id} in order`,
      );
    assert.equal(new Set(good.map(({ key }) => key)).size, 120);
    assert.equal(good.length, 120);
  } finally {
    await worker.running.stop();
    worker.guards.close();
    await parts.log.close();
    await remove();
    await server.stop();
  }
});

test('three workers, one quota, duplicates, a storm of 429, and Redis killed in the middle: within the quota, each once', {
  timeout: 400_000,
}, async () => {
  const server = await FlakyServer.start();
  const redis = await PrivateRedis.start();
  const database = await freshDatabase();
  const perSecond = 40;
  const source = topic<Order>(uniqueName('orders'), schema, { partitions: 6 });
  const rows = done();
  const ehr = defineTarget('ehr', { deadlineMs: 5_000, limiter: { requests: perSecond }, breaker: { openMs: 1_000 } });
  const built = flow(uniqueName('quota').replaceAll('_', '-'))
    .from(source)
    .pipe(
      dedupe('once', (order: Order) => order.id),
      call('to-ehr', ehr, post(server.url, ehr), { key: 'derived' }),
      write<Order>('done', { tables: [rows], effects: ({ id, n }, ctx) => effect.insert(rows, { patient: ctx.key, id, n }) }),
    );
  const workers: Worker[] = [];
  const closers: (() => Promise<unknown>)[] = [];
  for (let i = 0; i < 3; i++) {
    const log = createKafkaLog({ brokers: services().kafkaBrokers, clientId: uniqueName('quota') });
    const state = createPostgresState({ url: database.url });
    if (i === 0) await state.migrate();
    const keyed = await createRedisKeyed({ url: redis.url, clock: systemClock, random: systemRandom, telemetry: silentTelemetry });
    const worker = await work(built, { log, state, keyed }, `w${i}`);
    workers.push(worker);
    closers.push(async () => {
      await worker.running.stop();
      worker.guards.close();
      for (const part of [log, state, keyed]) await part.close();
    });
  }
  const state = createPostgresState({ url: database.url });
  closers.push(() => state.close());
  const log = createKafkaLog({ brokers: services().kafkaBrokers, clientId: uniqueName('quota') });
  closers.push(() => log.close());
  try {
    await eventually('all three work', () => workers.every(({ running }) => running.partitions().length === 2));
    const began = server.now;
    server.answer = ({ at }) => (at - began < 5_000 ? { status: 429, headers: { 'retry-after': '2' } } : { status: 200 });
    const ids = Array.from({ length: 300 }, (_, i) => `order-${i}`);
    // Each id twice, by one patient; the second right behind the first, or long after it.
    const orders = [0, 1].flatMap((n) => ids.map((id, i) => ({ key: `p-${i % 100}`, id, n })));
    await append(log, source.name, orders, source);
    await eventually('the storm is over', () => server.now - began > 6_000);
    const stormy = server.requests.filter(({ status }) => status === 429);
    // The quota alone would let 200 through. How many are on their way before the first answer depends on the machine: one
    // that stops for a second lets go at once what it had booked for that second, before it hears of the first 429.
    assert.ok(stormy.length <= 100, `${stormy.length} calls in five seconds of 429`);
    await redis.kill();
    await eventually('a third of them', () => server.requests.filter(({ status }) => status === 200).length > 100);
    await redis.start();
    const stored = () => state.query<{ patient: string; id: string; n: number }>(`SELECT patient, id, n FROM ${rows.name}`, []);
    await eventually('each id has been done', async () => (await stored()).length >= 300, 90_000);
    // What should not come has had its time.
    await sleep(3_000);
    const elapsed = (server.requests.at(-1)?.at ?? 0) - began;
    const most = (elapsed / 1000) * perSecond * 1.01 + 3;
    assert.ok(server.requests.length <= most, `${server.requests.length} calls in ${Math.round(elapsed)} ms`);
    const all = await stored();
    assert.equal(all.length, 300, 'no duplicate effect, none lost');
    assert.ok(
      all.every(({ n }) => n === 0),
      'of two records with one id the first counts',
    );
    assert.equal(new Set(server.requests.filter(({ status }) => status === 200).map(({ key }) => key)).size, 300, 'one key an order');
  } finally {
    for (const close of closers) await close();
    await database.drop();
    await redis.kill();
    await server.stop();
  }
});
