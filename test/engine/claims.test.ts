import assert from 'node:assert/strict';
import { test } from 'node:test';
import { error } from '../../src/errors/index.ts';
import { call, dedupe, defineTarget, flatMap, flow, map, tap, to, topic } from '../../src/index.ts';
import { createMemoryKeyed } from '../../src/keyed/memory/index.ts';
import type { Keyed } from '../../src/keyed/port.ts';
import { processedTable } from '../../src/state/processed.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

interface Result {
  readonly id: string;
  readonly n: number;
}
const results = topic<Result>('results', {
  type: 'record',
  name: 'Result',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'n', type: 'int' },
  ],
});
const once = topic<number>('once', 'int');
const hour = 3600 * 1000;
const day = 24 * hour;

const away = (): never => {
  throw error('AORTA_KEYED_001', { problem: 'test' });
};
/** Redis in every state that it may be in: each gives what `Keyed` may give. */
const states: Readonly<Record<string, (keyed: Keyed) => Partial<Keyed>>> = {
  there: () => ({}),
  away: () => ({ claim: async () => away(), confirm: async () => away(), release: async () => away() }),
  'flushed before every question': () => ({
    claim: async () => ({ state: 'claimed' }),
    confirm: async () => true,
    release: async () => true,
  }),
  'full of confirmations of another life': () => ({ claim: async () => ({ state: 'confirmed' }) }),
  'failing half of the time': (keyed) => {
    let n = 0;
    return {
      claim: async (...args) => (n++ % 2 ? away() : keyed.claim(...args)),
      confirm: async (...args) => (n++ % 2 ? away() : keyed.confirm(...args)),
    };
  },
};

async function driven(
  state: string,
  build = () =>
    flow('f')
      .from(results)
      .pipe(
        dedupe('id', (r: Result) => r.id),
        map((r) => r.n),
        to(once),
      ),
) {
  const memory = await createMemoryKeyed({ clock: new VirtualClock() });
  const keyed: Keyed = { ...memory, ...(states[state] as (typeof states)[string])(memory) };
  const driver = await TestDriver.start<Result>(build(), { source: results, keyed });
  // After a crash the outbox may be produced again, under the same event ids: whoever reads drops those.
  const passed = async () => {
    const emissions = new Map((await driver.emitted(once)).map((one) => [one.headers['eventId'], `${one.key} ${one.value}`]));
    return [...emissions.values()].sort();
  };
  return { driver, passed, memory };
}

for (const state of Object.keys(states)) {
  test(`Redis ${state}: nothing twice, nothing dropped`, async () => {
    const { driver, passed } = await driven(state);
    const sent = Array.from({ length: 60 }, (_, n) => ({ key: `p${n % 5}`, value: { id: `id-${n % 20}`, n } }));
    await driver.send(...sent.slice(0, 30));
    await driver.crash();
    await driver.send(...sent.slice(30));
    await driver.advance(5_000);
    await driver.restart();
    await driver.send(...sent);
    await driver.advance(5_000);
    assert.deepEqual(
      await passed(),
      sent
        .slice(0, 20)
        .map(({ key, value }) => `${key} ${value.n}`)
        .sort(),
    );
    await driver.stop();
  });
}

test('the same id of another patient is another id', async () => {
  const { driver, passed } = await driven('there');
  await driver.send({ key: 'a', value: { id: 'x', n: 1 } }, { key: 'b', value: { id: 'x', n: 2 } }, { key: 'a', value: { id: 'x', n: 3 } });
  assert.deepEqual(await passed(), ['a 1', 'b 2']);
  await driver.stop();
});

test('two children of one record with one id are one', async () => {
  const { driver, passed } = await driven('there', () =>
    flow('f')
      .from(results)
      .pipe(
        flatMap((r: Result) => [r, { ...r, n: r.n + 100 }, { id: 'other', n: r.n + 200 }]),
        dedupe('id', (r) => r.id),
        map((r) => r.n),
        to(once),
      ),
  );
  await driver.send({ key: 'a', value: { id: 'x', n: 1 } });
  await driver.crash();
  await driver.advance(1_000);
  assert.deepEqual(await passed(), ['a 1', 'a 201']);
  await driver.stop();
});

test('an id is free again when its turn fails or is parked, and the record itself is no duplicate when it is tried again', async () => {
  let broken = true;
  const { driver, passed } = await driven('there', () =>
    flow('f')
      .from(results)
      .pipe(
        dedupe('id', (r: Result) => r.id),
        tap((r) => {
          if (broken && r.n === 1) throw new Error('broken');
        }),
        map((r) => r.n),
        to(once),
      ),
  );
  await driver.send({ key: 'a', value: { id: 'x', n: 1 } });
  assert.equal((await driver.held()).length, 1, 'parked');
  assert.equal(driver.rows(processedTable).length, 0, 'no row of a turn that failed');
  await driver.send({ key: 'a', value: { id: 'x', n: 2 } });
  broken = false;
  await driver.redrive('a');
  await driver.advance(1_000);
  assert.deepEqual(await passed(), ['a 1'], 'the first one counts, the second is its duplicate');
  await driver.stop();
});

test('another owner at the same id: the patient waits until it is confirmed or its lease lapses', async () => {
  const clock = new VirtualClock();
  const memory = await createMemoryKeyed({ clock });
  let first = true;
  const keyed: Keyed = {
    ...memory,
    claim: async (key, coordinate, leaseMs) => {
      // Another worker was there a moment before.
      if (first) await memory.claim(key, 'elsewhere/0/9/0', 10_000);
      first = false;
      return memory.claim(key, coordinate, leaseMs);
    },
  };
  const built = flow('f')
    .from(results)
    .pipe(
      dedupe('id', (r: Result) => r.id),
      map((r) => r.n),
      to(once),
    );
  const driver = await TestDriver.start<Result>(built, { source: results, keyed });
  await driver.send({ key: 'a', value: { id: 'x', n: 1 } });
  await driver.send({ key: 'b', value: { id: 'y', n: 2 } });
  assert.deepEqual(
    (await driver.emitted(once)).map(({ value }) => value),
    [2],
  );
  assert.equal(driver.why('a')[0]?.reason, 'claim');
  await Promise.all([driver.advance(12_000), clock.advance(12_000)]);
  await driver.advance(2_000);
  assert.deepEqual((await driver.emitted(once)).map(({ value }) => value).sort(), [1, 2]);
  await driver.stop();
});

test("whenAway: 'wait' lets patients wait while Redis is away, and drops none", async () => {
  let there = false;
  const memory = await createMemoryKeyed({ clock: new VirtualClock() });
  const keyed: Keyed = { ...memory, claim: async (...args) => (there ? memory.claim(...args) : away()) };
  const built = flow('f')
    .from(results)
    .pipe(
      dedupe('id', (r: Result) => r.id, { whenAway: 'wait' }),
      map((r) => r.n),
      to(once),
    );
  const driver = await TestDriver.start<Result>(built, { source: results, keyed });
  await driver.send({ key: 'a', value: { id: 'x', n: 1 } });
  await driver.advance(60_000);
  assert.equal((await driver.emitted(once)).length, 0);
  there = true;
  await driver.advance(5_000);
  assert.equal((await driver.emitted(once)).length, 1);
  await driver.stop();
});

test('ids are kept as long as the source keeps its records, whatever the ttl says, and then forgotten', async () => {
  const { driver, passed } = await driven('away', () =>
    flow('f')
      .from(results)
      .pipe(
        dedupe('id', (r: Result) => r.id, { ttlMs: 1_000 }),
        map((r) => r.n),
        to(once),
      ),
  );
  await driver.send({ key: 'a', value: { id: 'x', n: 1 } });
  driver.clock.jump(3 * day);
  await driver.advance(2 * hour);
  await driver.send({ key: 'a', value: { id: 'x', n: 2 } });
  assert.deepEqual(await passed(), ['a 1']);
  assert.equal(driver.rows(processedTable).length, 1);
  driver.clock.jump(results.retentionMs);
  await driver.advance(2 * hour);
  assert.equal(driver.rows(processedTable).length, 0, 'forgotten');
  await driver.stop();
});

test('a record without an id is refused, and a long id is kept as its hash', async () => {
  const { driver, passed } = await driven('there');
  await driver.send(
    { key: 'a', value: { id: '', n: 1 } },
    { key: 'b', value: { id: 'y'.repeat(5_000), n: 2 } },
    { key: 'b', value: { id: 'y'.repeat(5_000), n: 3 } },
  );
  assert.equal((await driver.held())[0]?.head.errorCode, 'AORTA_GUARD_013');
  assert.deepEqual(await passed(), ['b 2']);
  assert.ok(String((driver.rows(processedTable)[0] as { id: string }).id).length < 100);
  await driver.stop();
});

test('a call behind it is made once for duplicates, and again with the same key only for its own record', async () => {
  const keys: string[] = [];
  let fail = 1;
  const { driver, passed } = await driven('there', () =>
    flow('f')
      .from(results)
      .pipe(
        dedupe('id', (r: Result) => r.id),
        call(
          'order',
          defineTarget('lis'),
          async (r, { idempotencyKey }) => {
            keys.push(idempotencyKey);
            if (fail-- > 0) throw error('AORTA_GUARD_008', { problem: 'ECONNRESET' });
            return r.n;
          },
          { key: 'derived' },
        ),
        to(once),
      ),
  );
  await driver.send(...[1, 2, 3].map((n) => ({ key: 'a', value: { id: 'x', n } })));
  await driver.advance(60_000);
  assert.deepEqual(await passed(), ['a 1']);
  assert.equal(keys.length, 2);
  assert.equal(new Set(keys).size, 1);
  await driver.stop();
});
