import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../../src/clock/system.ts';
import { flow, mapAsync } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';
import type { MemoryConsumer } from '../../src/testing/memory-log.ts';
import { applied, type Event, events, seen } from './review-support.ts';

describe('a record under suspicion whose process goes on', () => {
  it('is not accused when a drain ends its tries and the store does not take the notes back in time', async () => {
    let mended = false;
    let storeMs = 0;
    let runs = 0;
    const driver: TestDriver<Event> = await TestDriver.start<Event>(
      flow('drained')
        .from(events)
        .pipe(
          mapAsync('work', async (e: Event) => {
            runs++;
            if (!mended) await sleep(driver.clock, 20_000);
            return e;
          }),
          seen(),
        ),
      { engine: { drainMs: 100 } },
    );
    await driver.send({ key: 'p1', value: { n: 1, kind: 'x' } });
    await driver.advance(500);
    const consumer = driver.log.consumer.bind(driver.log);
    let member: MemoryConsumer | undefined;
    driver.log.consumer = (options) => {
      member = consumer(options);
      return member;
    };
    const transact = driver.state.transact.bind(driver.state);
    driver.state.transact = async (groups) => {
      await sleep(driver.clock, storeMs);
      return transact(groups);
    };
    await driver.crash();
    await driver.advance(1000);
    for (let rebalances = 0; rebalances < 5; rebalances++) {
      // Its try is noted and runs.
      storeMs = 5000;
      await driver.until((member as MemoryConsumer).rebalance());
      await driver.advance(2000);
      storeMs = 0;
      await driver.advance(10_000);
    }
    assert.ok(runs >= 6, `${runs} tries`);
    assert.deepEqual(await driver.held(), []);
    mended = true;
    await driver.advance(60_000);
    assert.deepEqual(applied(driver.state), [1]);
    await driver.stop();
  });
});
