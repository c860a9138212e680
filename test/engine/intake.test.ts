import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Intake } from '../../src/engine/intake.ts';
import type { EngineOptions } from '../../src/engine/options.ts';
import { flow, map, mapAsync, to, topic } from '../../src/index.ts';
import type { ConsumerOptions, LogConsumer, LogRecord } from '../../src/log/port.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { type Event, events, seen } from './review-support.ts';

describe('intake: whether a flow takes more from the log', () => {
  let now = 0;
  const intake = () => {
    now = 0;
    return new Intake({ monotonic: () => now } as never);
  };

  it('takes up to its credit, and then as much as it settles', () => {
    const it = intake();
    assert.equal(it.more(0.2, true), true);
    assert.equal(it.more(1, true), true);
    assert.equal(it.more(1.1, true), false);
    assert.equal(it.more(1, true), true);
  });

  it('what stands still in some partitions does not hold up the others: all that was taken last is settled', () => {
    const it = intake();
    assert.equal(it.more(3, false), true);
    assert.equal(it.more(3.1, true), false);
    assert.equal(it.more(3, true), true);
  });

  it('takes more where nothing works on what is open', () => {
    const it = intake();
    assert.equal(it.more(1, true), true);
    assert.equal(it.more(2, false), true);
    assert.equal(it.more(3, false), true);
  });

  it('and after a second in any case', () => {
    const it = intake();
    assert.equal(it.more(1, true), true);
    now = 999;
    assert.equal(it.more(2, true), false);
    now = 1000;
    assert.equal(it.more(2, true), true);
    assert.equal(it.more(2.1, true), false);
  });
});

type Step = ReturnType<typeof map<Event, Event>>;

describe('a flow of hundreds of partitions', () => {
  const count = 64;
  const all = Array.from({ length: count }, (_, partition) => ({ topic: 'many', partition }));
  const records = (from: number): LogRecord[] =>
    Array.from({ length: 100 }, (_, i) => ({
      offset: from + i,
      timestamp: 0,
      key: `k${i}`,
      value: Buffer.from(JSON.stringify({ n: from + i, kind: 'x' })),
      headers: {},
    }));

  /** Asks as an adapter does, and delivers to partition after partition for as long as more is wanted. Returns how many of them got records. */
  async function fed(engine: Partial<EngineOptions>, step: Step = map((e: Event) => e)): Promise<number> {
    const takes = flow('takes')
      .from(topic<Event>('many', events.schema, { partitions: count }))
      .pipe(step, seen());
    const driver = await TestDriver.start<Event>(takes, { engine });
    let group: ConsumerOptions | undefined;
    const idle: LogConsumer = { start: async () => {}, stop: async () => {}, pause() {}, resume() {}, commit: async () => {} };
    driver.log.consumer = ((options: ConsumerOptions) => {
      group = options;
      return idle;
    }) as never;
    await driver.restart();
    const assigned = group?.onAssigned(all, 1);
    await driver.advance(1_000);
    await assigned;
    let partitions = 0;
    for (; partitions < count; partitions++) {
      if (group?.wantsMore?.() === false) break;
      group?.onRecords(all[partitions] as (typeof all)[number], records(0), 100);
    }
    return partitions;
  }

  it('reads no more than its credit while it works, however many partitions have a least share', async () => {
    const partitions = await fed({ maxBytes: 1024 * 1024 });
    assert.ok(partitions >= 8 && partitions <= 12, `records of ${partitions} partitions`);
  });

  it('and no more records than are worth having in memory where turns wait for nothing outside', async () => {
    const partitions = await fed({ maxSynchronous: 1000 });
    assert.ok(partitions >= 10 && partitions <= 12, `records of ${partitions} partitions`);
  });

  it('which is no bound where they do', async () => {
    const later = mapAsync('later', (e: Event) => Promise.resolve(e));
    assert.equal(await fed({ maxSynchronous: 1000 }, later), count);
  });

  it('pauses partitions for as long as enough patients are ready, and feeds them again before nobody is', async () => {
    const takes = flow('takes')
      .from(topic<Event>('many', events.schema, { partitions: 2 }))
      .pipe(
        map((e: Event) => e),
        to(topic<Event>('taken', events.schema)),
      );
    const driver = await TestDriver.start<Event>(takes, { engine: { maxReady: 20 } });
    let group: ConsumerOptions | undefined;
    const told: string[] = [];
    const consumer: LogConsumer = {
      start: async () => {},
      stop: async () => {},
      pause: ({ partition }) => void told.push(`pause ${partition}`),
      resume: ({ partition }) => void told.push(`resume ${partition}`),
      commit: async () => {},
    };
    driver.log.consumer = ((options: ConsumerOptions) => {
      group = options;
      return consumer;
    }) as never;
    await driver.restart();
    const assigned = group?.onAssigned(all.slice(0, 2), 1);
    await driver.advance(1_000);
    await assigned;
    const feed = (partition: number, from: number, count: number) =>
      group?.onRecords(all[partition] as (typeof all)[number], records(0).slice(from, from + count), 100);
    feed(0, 0, 19);
    assert.deepEqual(told, []);
    feed(0, 19, 1);
    feed(1, 0, 1);
    assert.deepEqual(told, ['pause 0', 'pause 1']);
    await driver.advance(1_000);
    assert.deepEqual(told.slice(2).sort(), ['resume 0', 'resume 1']);
  });
});
