import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AortaError } from '../../src/errors/index.ts';
import { flow, map, park, retry, to } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { type Event, events, out, permanent, transient } from './review-support.ts';

const of = (n: number, key = 'p1') => ({ key, value: { n, kind: 'x' } });
const emitted = async (driver: TestDriver<Event>, key = 'p1') =>
  (await driver.emitted(out)).filter((e) => e.key === key).map((e) => e.value.n);

describe('a redrive of the head alone', () => {
  it('runs the head and leaves what is behind it parked, over restarts; a redrive goes on with it in order', async () => {
    let broken = true;
    const driver = await TestDriver.start<Event>(
      flow('single')
        .from(events)
        .pipe(
          map((e: Event) => {
            if (broken) throw permanent();
            return e;
          }),
          to(out),
        ),
    );
    await driver.send(of(1), of(2), of(3));
    broken = false;
    await driver.redrive('p1', 'single');
    await driver.advance(2000);
    assert.deepEqual(await emitted(driver), [1]);
    let [held] = await driver.held();
    assert.deepEqual([held?.count, held?.head.due, held?.head.reason, held?.head.errorCode], [2, null, 'park', 'AORTA_ENGINE_019']);
    await driver.restart();
    await driver.send(of(4));
    await driver.advance(60_000);
    assert.deepEqual(await emitted(driver), [1]);
    await driver.redrive('p1', 'single');
    await driver.advance(2000);
    assert.deepEqual(await emitted(driver), [1, 2]);
    [held] = await driver.held();
    assert.equal(held?.count, 2);
    await driver.redrive('p1');
    await driver.advance(2000);
    assert.deepEqual(await emitted(driver), [1, 2, 3, 4]);
    assert.deepEqual(await driver.held(), []);
    await driver.stop();
  });

  it('that fails again keeps its place, and the last one frees the patient', async () => {
    let broken = true;
    const driver = await TestDriver.start<Event>(
      flow('single')
        .from(events)
        .pipe(
          map((e: Event) => {
            if (broken) throw permanent();
            return e;
          }),
          to(out),
        ),
    );
    await driver.send(of(1), of(2));
    await driver.redrive('p1', 'single');
    await driver.advance(2000);
    const [held] = await driver.held();
    assert.deepEqual([held?.count, held?.head.redrives, held?.head.errorClass], [2, 1, 'Permanent']);
    broken = false;
    await driver.redrive('p1', 'single');
    await driver.redrive('p1', 'single');
    await driver.advance(5000);
    assert.deepEqual(await emitted(driver), [1, 2]);
    await driver.send(of(3));
    assert.deepEqual(await emitted(driver), [1, 2, 3]);
    await driver.stop();
  });
});

describe('waits that a server asks for, and back-off', () => {
  it('honours retryAfterMs over restarts where it is longer than the ladder, and nobody overtakes', async () => {
    const tries: number[] = [];
    const driver = await TestDriver.start<Event>(
      flow('asked')
        .from(events)
        .pipe(
          map((e: Event) => {
            if (e.n === 1) tries.push(driver.clock.now());
            if (e.n === 1 && tries.length === 1) throw new AortaError('AORTA_TEST', 'Transient', '429', {}, { retryAfterMs: 120_000 });
            return e;
          }),
          to(out),
        ),
    );
    await driver.send(of(1), of(2), of(3, 'p2'));
    assert.deepEqual(await emitted(driver, 'p2'), [3]);
    await driver.advance(60_000);
    await driver.restart();
    await driver.advance(55_000);
    assert.deepEqual(await emitted(driver), []);
    await driver.advance(10_000);
    assert.deepEqual(await emitted(driver), [1, 2]);
    const waited = (tries[1] as number) - (tries[0] as number);
    assert.ok(waited >= 120_000 && waited < 125_000, `${waited}`);
    await driver.stop();
  });

  it('a server that asks for a year is asked again after a day', async () => {
    const driver = await TestDriver.start<Event>(
      flow('year')
        .from(events)
        .pipe(
          map((e: Event): Event => {
            throw new AortaError('AORTA_TEST', 'Overload', `${e.n}`, {}, { retryAfterMs: 365 * 86_400_000 });
          }),
          to(out),
        ),
    );
    const now = driver.clock.now();
    await driver.send(of(1));
    assert.ok(((await driver.held())[0]?.head.due ?? 0) - now <= 86_400_000 + 1000);
    await driver.stop();
  });

  it('backs off with full jitter on the held list, over restarts, and parks when the tries are used up', async () => {
    const tries: number[] = [];
    const driver = await TestDriver.start<Event>(
      flow('backoff', { onFailure: { Transient: { retry: retry.backoff(40_000, 300_000, 6), last: park } } })
        .from(events)
        .pipe(
          map((e: Event): Event => {
            if (e.n === 1) {
              tries.push(driver.clock.now());
              throw transient();
            }
            return e;
          }),
          to(out),
        ),
      { engine: { maxWaitMs: 0 } },
    );
    await driver.send(of(1), of(2));
    for (let i = 0; i < 40; i++) {
      await driver.advance(30_000);
      if (i % 5 === 4) await driver.restart();
    }
    assert.equal(tries.length, 7, 'six more tries');
    const waits = tries.slice(1).map((at, i) => at - (tries[i] as number));
    for (const [i, wait] of waits.entries()) assert.ok(wait <= Math.min(300_000, 40_000 * 2 ** i) + 15_000, `${i}: ${wait}`);
    assert.ok(new Set(waits.map((wait) => Math.round(wait / 1000))).size > 3, 'jitter');
    const [held] = await driver.held();
    assert.deepEqual([held?.count, held?.head.due], [2, null]);
    assert.deepEqual(await emitted(driver), []);
    await driver.stop();
  });
});
