import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../../src/clock/system.ts';
import { error } from '../../src/errors/index.ts';
import { flow, map, topic } from '../../src/index.ts';
import type { ConsumerOptions, LogConsumer } from '../../src/log/port.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { type Event, events, seen } from './review-support.ts';

const many = topic<Event>('many', events.schema, { partitions: 64 });
const all = Array.from({ length: 64 }, (_, partition) => ({ topic: 'many', partition }));

/** A worker whose group is played by the test. */
async function start() {
  const driver = await TestDriver.start<Event>(
    flow('stale')
      .from(many)
      .pipe(
        map((e: Event) => e),
        seen(),
      ),
  );
  let handlers: ConsumerOptions | undefined;
  const idle: LogConsumer = { start: async () => {}, stop: async () => {}, pause() {}, resume() {}, commit: async () => {} };
  driver.log.consumer = ((options: ConsumerOptions) => {
    handlers = options;
    return idle;
  }) as never;
  await driver.restart();
  return { driver, group: handlers as unknown as ConsumerOptions };
}

describe('an assignment that is lost while its claims are being made', () => {
  it('claims nothing afterwards: the next owner would be fenced', async () => {
    const { driver, group } = await start();
    const claim = driver.state.claim.bind(driver.state);
    let begun = 0;
    driver.state.claim = async (...args) => {
      begun++;
      await sleep(driver.clock, 1000); // a slow store
      return claim(...args);
    };
    group.onAssigned(all, 1).catch(() => {});
    await driver.advance(500);
    group.onLost(all);
    const before = begun;
    await driver.advance(60_000);
    assert.equal(begun - before, 0, `${begun - before} partitions were claimed after they were lost`);
  });

  it('does not keep the next assignment waiting for each of its partitions, with the store away', async () => {
    const { driver, group } = await start();
    const calls: number[] = [];
    driver.state.claim = async ({ partition }) => {
      calls.push(partition);
      await sleep(driver.clock, 5000); // the deadline of the pool
      throw error('AORTA_STATE_001', { problem: 'away' });
    };
    group.onAssigned(all, 1).catch(() => {});
    await driver.advance(500);
    group.onLost(all);
    group.onAssigned(all.slice(63), 2).catch(() => {});
    await driver.advance(6000);
    calls.length = 0;
    await driver.advance(60_000);
    assert.deepEqual([...new Set(calls)], [63], 'only what is assigned is asked for');
  });
});
