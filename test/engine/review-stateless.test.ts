import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../../src/clock/system.ts';
import { OffsetTracker } from '../../src/engine/offset-tracker.ts';
import { flow, map, mapAsync, to } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { type Event, events, out, permanent } from './review-support.ts';

const one = (key: string, n: number, kind = 'x') => ({ key, value: { n, kind } });

describe('a stateless flow', () => {
  it('never commits back to what it parked once', async () => {
    const driver = await TestDriver.start<Event>(
      flow('back')
        .from(events)
        .pipe(
          map('fragile', (e: Event) => {
            if (e.kind === 'bad') throw permanent();
            return e;
          }),
          to(out),
        ),
    );
    await driver.send(one('p1', 0), one('p1', 1), one('p1', 2, 'bad'));
    await driver.advance(1000);
    await driver.redrive('p1', 'discard');
    for (let n = 3; n < 30; n++) await driver.send(one('p1', n));
    await driver.advance(2000);
    const before = await driver.log.committed('aorta.back', 'events');
    await driver.restart();
    await driver.advance(5000);
    assert.deepEqual(await driver.log.committed('aorta.back', 'events'), before);
    for (const partition of driver.running.partitions()) assert.equal(partition.committed, partition.end);
    await driver.restart();
    await driver.advance(1000);
    assert.equal((await driver.emitted(out)).length, 29);
    await driver.stop();
  });

  it('keeps the order when a suspect of the patient is still being written', async () => {
    const driver: TestDriver<Event> = await TestDriver.start<Event>(
      flow('suspects')
        .from(events)
        .pipe(
          mapAsync('wait', async (e: Event) => {
            if (e.kind === 'hang') await sleep(driver.clock, 20_000);
            return e;
          }),
          to(out),
        ),
      { engine: { suspects: 1 } },
    );
    await driver.send(one('p1', 0, 'hang'), one('p1', 1));
    await driver.crash();
    const transact = driver.state.transact.bind(driver.state);
    driver.state.transact = async (groups) => {
      await sleep(driver.clock, 500);
      return transact(groups);
    };
    await driver.advance(60_000);
    assert.deepEqual(
      (await driver.emitted(out)).map((e) => e.value.n),
      [0, 1],
    );
    await driver.stop();
  });
});

describe('an offset tracker', () => {
  it('forgets what is settled although no group confirms it, and keeps the hop numbers', () => {
    const tracker = new OffsetTracker({ watermark: 0, runs: [], hops: {} });
    for (let offset = 0; offset < 20_000; offset++) {
      const { entry } = tracker.add(offset, { producer: 'up/0', seq: offset }, 0);
      entry.applied = entry.settled = true;
      if (offset % 100 === 0) void tracker.settledWatermark;
    }
    assert.ok(tracker.size < 5000, `${tracker.size} entries`);
    assert.deepEqual(tracker.snapshot(), { watermark: 20_000, runs: [], hops: { 'up/0': 19_999 } });
  });
});
