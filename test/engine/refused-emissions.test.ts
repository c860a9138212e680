import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../../src/clock/system.ts';
import { actor, type Flow, flow, mapAsync, park, process, retry, to } from '../../src/index.ts';
import { partitionOf } from '../../src/log/murmur2.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { type Event, events, out, permanent, transient } from './review-support.ts';

const one = (key: string, n: number, kind = 'x') => ({ key, value: { n, kind } });
/** Keys of one partition. */
const [p = '', q = '', r = ''] = Array.from({ length: 100 }, (_, n) => `p${n}`).filter((key) => partitionOf(key, 4) === 0);

const numbers = async (driver: TestDriver<Event>): Promise<Record<string, number[]>> => {
  const all = await driver.emitted(out);
  const by: Record<string, number[]> = {};
  for (const { key, value } of all) {
    by[key] ??= [];
    by[key].push(value.n);
  }
  return by;
};

/** The log has no right to `out` until it is given. */
function refusing(driver: TestDriver<Event>): () => void {
  const append = driver.log.append.bind(driver.log);
  // One that never comes to rest ends in an error instead of hanging.
  driver.clock.budget = 5000;
  let granted = false;
  driver.log.append = async (records) => {
    if (!granted && records.some(({ topic }) => topic === out.name)) {
      await sleep(driver.clock, 5);
      throw permanent();
    }
    return append(records);
  };
  return () => {
    granted = true;
  };
}

describe('a lane whose emissions the log refuses for good', () => {
  const counter = actor<{ count: number }, Event, Event>({
    version: 1,
    initial: () => ({ count: 0 }),
    receive: (state, e) => (e.kind === 'quiet' ? { state, skip: 'quiet' } : { state: { count: state.count + 1 }, emit: [e] }),
  });

  it('keeps them for its next owner, whatever its turns that were under way write', async () => {
    const driver: TestDriver<Event> = await TestDriver.start<Event>(
      flow('refused')
        .from(events)
        .pipe(
          mapAsync('wait', async (e: Event) => {
            await sleep(driver.clock, e.n * 10);
            return e;
          }),
          process('count', counter),
          to(out),
        ) as Flow<unknown>,
      { source: events },
    );
    const grant = refusing(driver);
    // The first is refused at 15 ms; those behind it are durable after that, with nothing to emit and with something.
    await driver.send(one(p, 1), one(q, 4, 'quiet'), one(r, 7), one(r, 9));
    await driver.advance(2000);
    assert.ok(driver.running.partitions().some(({ refused }) => refused === 'AORTA_ENGINE_016'));
    grant();
    await driver.restart();
    await driver.advance(2000);
    assert.deepEqual(await numbers(driver), { [p]: [1], [r]: [7, 9] });
    await driver.stop();
  });

  it('rests', async () => {
    const driver: TestDriver<Event> = await TestDriver.start<Event>(
      flow('resting')
        .from(events)
        .pipe(
          mapAsync('wait', async (e: Event) => {
            await sleep(driver.clock, e.n * 10);
            return e;
          }),
          to(out),
        ) as Flow<unknown>,
      { source: events },
    );
    refusing(driver);
    await driver.send(one(p, 1), one(q, 4), one(r, 7));
    await driver.advance(2000);
    await driver.stop();
  });

  it('keeps nobody on the held list whose record before was refused', async () => {
    const tries = new Map<number, number>();
    const driver: TestDriver<Event> = await TestDriver.start<Event>(
      flow('held', { onFailure: { Transient: { retry: retry.backoff(500, 500, 3), last: park } } })
        .from(events)
        .pipe(
          mapAsync('wait', async (e: Event) => {
            await sleep(driver.clock, e.n === 2 ? 50 : 1);
            const n = (tries.get(e.n) ?? 0) + 1;
            tries.set(e.n, n);
            if (e.kind === 'fails' && n === 1) throw transient();
            return e;
          }),
          to(out),
        ) as Flow<unknown>,
      { source: events, engine: { maxWaitMs: 100 } },
    );
    const grant = refusing(driver);
    await driver.send(one(p, 1), one(p, 2, 'fails'), one(p, 3));
    await driver.advance(200);
    grant();
    await driver.crash();
    await driver.advance(5000);
    assert.deepEqual(await numbers(driver), { [p]: [1, 2, 3] });
    await driver.stop();
  });
});
