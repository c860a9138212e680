import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AortaError } from '../../src/errors/index.ts';
import {
  type BatchItem,
  batch,
  effect,
  type Flow,
  type FlowOptions,
  flow,
  itemFailed,
  map,
  park,
  pipe,
  retry,
  table,
  tee,
  to,
  topic,
  write,
} from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';

interface Event {
  readonly n: number;
  readonly kind: string;
}
const schema = {
  type: 'record',
  name: 'Event',
  fields: [
    { name: 'n', type: 'int' },
    { name: 'kind', type: 'string' },
  ],
};
// One partition: a batch is of one partition.
const events = topic<Event>('events', schema, { partitions: 1 });
const out = topic<Event>('out', schema, { partitions: 1 });
const rows = table<{ patient: string; n: number }>('sent', {
  columns: { patient: { type: 'text' }, n: { type: 'integer' } },
  key: ['patient', 'n'],
});

type Items = readonly BatchItem<Event>[];
let calls: { readonly ids: readonly string[]; readonly signal: AbortSignal }[] = [];
let answer: (items: Items) => Promise<readonly unknown[]>;
const good = async (items: Items) => items.map(({ value }) => ({ ...value, kind: 'answered' }));
const error = (errorClass: 'Permanent' | 'Transient') => new AortaError('AORTA_TEST', errorClass, 'planned');

const asking = (max = 4, within = 100, more = {}) =>
  batch<Event, Event>(
    'ask',
    (items, signal) => {
      calls.push({ ids: items.map(({ eventId }) => eventId), signal });
      return answer(items) as Promise<readonly Event[]>;
    },
    { max, within, ...more },
  );
const bulk = (operator = asking(), options: FlowOptions = {}): Flow<unknown> =>
  flow('bulk', options)
    .from(events)
    .pipe(operator, write('sent', { tables: [rows], effects: (e, ctx) => effect.insert(rows, { patient: ctx.key, n: e.n }) }), to(out));
const start = async (made = bulk()) => {
  calls = [];
  answer = good;
  return TestDriver.start<Event>(made, { source: events });
};
const event = (n: number, key = `p${n}`) => ({ key, value: { n, kind: 'x' }, eventId: `${key}-${n}` });
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);
const emitted = async (driver: TestDriver<Event>) => (await driver.emitted(out)).map(({ key, value }) => `${key}-${value.n}`);

describe('batch', () => {
  it('calls when it is full, and with what there is when its time is over', async () => {
    const driver = await start();
    await driver.send(...upTo(6).map((n) => event(n)));
    assert.deepEqual(
      calls.map(({ ids }) => ids),
      [['p0-0', 'p1-1', 'p2-2', 'p3-3']],
    );
    await driver.advance(50);
    assert.equal(calls.length, 1, 'two wait for others');
    await driver.advance(100);
    assert.deepEqual(calls[1]?.ids, ['p4-4', 'p5-5']);
    assert.deepEqual(
      (await emitted(driver)).sort(),
      upTo(6).map((n) => `p${n}-${n}`),
    );
    assert.ok(
      (await driver.emitted(out)).every(({ value }) => value.kind === 'answered'),
      'each item goes on with its own result',
    );
    await driver.stop();
  });

  it('has at most one item of each patient, and keeps the order of each', async () => {
    const driver = await start();
    await driver.send(event(0, 'p1'), event(1, 'p1'), event(2, 'p1'), event(0, 'p2'));
    await driver.advance(2000);
    assert.deepEqual(
      calls.map(({ ids }) => ids),
      [['p1-0', 'p2-0'], ['p1-1'], ['p1-2']],
    );
    assert.deepEqual(
      (await emitted(driver)).filter((id) => id.startsWith('p1')),
      ['p1-0', 'p1-1', 'p1-2'],
    );
    await driver.stop();
  });

  it('says that it waits for others, and until when', async () => {
    const driver = await start();
    await driver.send(event(0, 'p1'));
    const [why] = driver.why('p1');
    assert.deepEqual([why?.reason, why?.operator, why?.overdue], ['batch', 'ask', false]);
    assert.ok((why?.until ?? 0) > driver.clock.now() && (why?.until ?? 0) <= driver.clock.now() + 100);
    assert.equal(driver.running.whyPartition(0)[0]?.reason, 'batch');
    await driver.stop();
  });

  it('settles each item alone: one that failed is parked, the others are done and not sent again', async () => {
    const driver = await start();
    answer = async (items) => items.map(({ value }) => (value.n === 2 ? itemFailed(error('Permanent')) : value));
    await driver.send(...upTo(4).map((n) => event(n)));
    await driver.advance(1000);
    assert.equal(calls.length, 1);
    assert.deepEqual(
      (await driver.held()).map(({ key, head }) => [key, head.reason, head.operator]),
      [['p2', 'park', 'ask']],
    );
    assert.deepEqual((await emitted(driver)).sort(), ['p0-0', 'p1-1', 'p3-3']);
    answer = good;
    await driver.redrive('p2');
    await driver.advance(1000);
    assert.deepEqual(calls[1]?.ids, ['p2-2']);
    assert.equal((await emitted(driver)).length, 4);
    await driver.stop();
  });

  it('splits a call that is refused until the culprit stands alone', async () => {
    const driver = await start(bulk(asking(8)));
    answer = async (items) => {
      if (items.some(({ value }) => value.n === 5)) throw error('Permanent');
      return good(items);
    };
    await driver.send(...upTo(8).map((n) => event(n)));
    await driver.advance(1000);
    assert.deepEqual(
      calls.map(({ ids }) => ids.length),
      [8, 4, 4, 2, 1, 1, 2],
    );
    assert.deepEqual(
      (await driver.held()).map(({ key }) => key),
      ['p5'],
    );
    assert.equal((await emitted(driver)).length, 7);
    await driver.stop();
  });

  it('does not split what would pass: each item is tried again by its rule', async () => {
    const driver = await start(bulk(asking(), { onFailure: { Transient: { retry: retry.backoff(200, 200, 5), last: park } } }));
    let away = 2;
    answer = async (items) => {
      if (away-- > 0) throw error('Transient');
      return good(items);
    };
    await driver.send(...upTo(4).map((n) => event(n)));
    await driver.advance(5000);
    assert.equal(calls[0]?.ids.length, 4);
    assert.ok(calls.length <= 6, `${calls.length} calls`);
    assert.equal((await emitted(driver)).length, 4);
    assert.equal(driver.rows(rows).length, 4);
    await driver.stop();
  });

  it('refuses an answer that has not one result for each item', async () => {
    const driver = await start();
    answer = async (items) => (items.length > 1 ? items.slice(1) : good(items));
    await driver.send(...upTo(4).map((n) => event(n)));
    await driver.advance(1000);
    assert.deepEqual(
      calls.map(({ ids }) => ids.length),
      [4, 2, 1, 1, 2, 1, 1],
      'never a result of another item',
    );
    assert.equal((await emitted(driver)).length, 4);
    answer = async () => [];
    await driver.send(event(9));
    await driver.advance(1000);
    assert.deepEqual(
      (await driver.held()).map(({ key, head }) => [key, head.errorCode]),
      [['p9', 'AORTA_FLOW_023']],
    );
    await driver.stop();
  });

  it('ends a call at its deadline, which does not run while it waits for others', async () => {
    const driver = await start(bulk(asking(4, 100, { deadlineMs: 50 }), { onFailure: { Transient: { last: park } } }));
    await driver.send(event(0), event(1));
    await driver.advance(500);
    assert.equal((await emitted(driver)).length, 2, 'waiting is no running');
    answer = () => new Promise(() => {});
    await driver.send(event(2), event(3));
    await driver.advance(500);
    assert.deepEqual(
      (await driver.held()).map(({ head }) => head.errorCode),
      ['AORTA_ENGINE_003', 'AORTA_ENGINE_003'],
    );
    assert.equal(calls.at(-1)?.signal.aborted, true);
    await driver.stop();
  });

  it('flushes on a drain: nothing that waited is handled again by the next owner', async () => {
    const driver = await start(bulk(asking(10, 30_000)));
    await driver.send(event(0), event(1), event(2));
    assert.equal(calls.length, 0);
    await driver.restart();
    assert.deepEqual(
      calls.map(({ ids }) => ids.length),
      [3],
    );
    await driver.advance(40_000);
    assert.equal(calls.length, 1);
    assert.equal((await emitted(driver)).length, 3);
    await driver.stop();
  });

  it('discards what does not end within the drain, and its signal is aborted; the next owner does it', async () => {
    const driver = await start(bulk(asking(2)));
    answer = () => new Promise(() => {});
    await driver.send(event(0), event(1));
    const [stuck] = calls;
    await driver.restart();
    assert.equal(stuck?.signal.aborted, true);
    answer = good;
    await driver.advance(5000);
    // What the next owner found stuck too is tried again after its deadline.
    await driver.advance(60_000);
    assert.equal(driver.rows(rows).length, 2);
    await driver.stop();
  });

  it('after a crash the same items have the same ids, and effects are applied once', async () => {
    const driver = await start(bulk(asking(3, 50)));
    for (const n of upTo(30)) {
      await driver.send(event(n, `p${n % 5}`));
      if (n % 7 === 3) await driver.crash();
    }
    await driver.advance(20_000);
    assert.equal(driver.rows(rows).length, 30);
    assert.deepEqual(new Set(calls.flatMap(({ ids }) => ids)), new Set(upTo(30).map((n) => `p${n % 5}-${n}`)));
    await driver.stop();
  });

  it('stands in an independent lane, and batches its inputs', async () => {
    const split = flow('split')
      .from(events)
      .pipe(
        tee(
          {
            ehr: pipe(asking(), to(out)),
            alert: pipe(
              map((e) => e),
              to('alerts', topic<Event>('alerts', schema, { partitions: 1 })),
            ),
          },
          { lanes: 'independent' },
        ),
      );
    const driver = await start(split);
    await driver.send(...upTo(8).map((n) => event(n)));
    await driver.advance(1000);
    assert.deepEqual(
      calls.map(({ ids }) => ids.length),
      [4, 4],
    );
    assert.equal((await emitted(driver)).length, 8);
    await driver.stop();
  });

  it('limits are checked where the flow is built', () => {
    for (const bad of [
      { max: 1, within: 10 },
      { max: 2.5, within: 10 },
      { max: 10, within: 0 },
      { max: 10, within: 30_001 },
    ]) {
      assert.throws(() => bulk(asking(bad.max, bad.within)), { code: 'AORTA_FLOW_001' });
    }
  });
});
