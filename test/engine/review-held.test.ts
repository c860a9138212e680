import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../../src/clock/system.ts';
import { AortaError } from '../../src/errors/index.ts';
import { skipWith } from '../../src/flow/supervision.ts';
import { actor, flow, map, mapAsync, park, process, retry, to } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { applied, type Event, events, out, permanent, seen, transient } from './review-support.ts';

const numbered = (key: string, count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => ({ key, value: { n: from + i, kind: 'x' } }));

describe('the held list', () => {
  it('keeps a turn that runs in front of what is spilled behind it, also when it is parked afterwards', async () => {
    let mended = false;
    const driver: TestDriver<Event> = await TestDriver.start<Event>(
      flow('hot')
        .from(events)
        .pipe(
          mapAsync('slow', async (e: Event) => {
            if (e.n === 0) await sleep(driver.clock, 1000);
            if (e.n === 0 && !mended) throw permanent();
            return e;
          }),
          seen(),
        ),
      { engine: { maxRecords: 10 } },
    );
    await driver.send(...numbered('p1', 40));
    await driver.advance(5000);
    assert.deepEqual(applied(driver.state), [], 'nothing passes the parked head');
    assert.equal((await driver.held())[0]?.head.errorClass, 'Permanent');
    mended = true;
    await driver.redrive('p1');
    await driver.advance(5000);
    assert.deepEqual(
      applied(driver.state),
      Array.from({ length: 40 }, (_, i) => i),
    );
    await driver.stop();
  });

  it('feeds the partition again when the list has left its cap', async () => {
    let mended = false;
    const driver = await TestDriver.start<Event>(
      flow('cap')
        .from(events)
        .pipe(
          map('fragile', (e: Event) => {
            if (e.n === 0 && !mended) throw permanent();
            return e;
          }),
          seen(),
        ),
      { engine: { maxHeld: 5 } },
    );
    await driver.send(...numbered('p1', 10));
    await driver.send(...numbered('p1', 10, 10));
    await driver.advance(2000);
    mended = true;
    await driver.redrive('p1');
    await driver.advance(5000);
    await driver.send(...numbered('p1', 5, 20));
    await driver.advance(5000);
    assert.deepEqual(
      applied(driver.state),
      Array.from({ length: 25 }, (_, i) => i),
    );
    await driver.stop();
  });

  it('feeds the partition again when the last held envelope is discarded', async () => {
    const driver = await TestDriver.start<Event>(
      flow('cap-discard')
        .from(events)
        .pipe(
          map('fragile', (e: Event) => {
            if (e.n < 2) throw permanent();
            return e;
          }),
          seen(),
        ),
      { engine: { maxHeld: 1 } },
    );
    await driver.send(...numbered('p1', 2));
    await driver.send(...numbered('p1', 1, 2));
    await driver.redrive('p1', 'discard');
    await driver.advance(1000);
    await driver.redrive('p1', 'discard');
    await driver.advance(1000);
    await driver.send(...numbered('p1', 3, 3));
    await driver.advance(5000);
    assert.deepEqual(applied(driver.state), [2, 3, 4, 5]);
    await driver.stop();
  });

  it('takes a discard once, however stale the list of requests is', async () => {
    const driver = await TestDriver.start<Event>(
      flow('discard')
        .from(events)
        .pipe(
          map('fragile', (): Event => {
            throw permanent();
          }),
          seen(),
        ),
    );
    await driver.send(...numbered('p1', 3));
    await driver.advance(1000);
    const state = driver.state as { redriveRequests: (flow: string) => Promise<readonly unknown[]> };
    const read = state.redriveRequests.bind(driver.state);
    // The answer of a read that was made before the first discard became durable arrives after it.
    state.redriveRequests = async (name) => {
      const found = await read(name);
      await sleep(driver.clock, 300);
      return found;
    };
    const request = { flow: 'discard', key: 'p1', errorClass: null, action: 'discard' as const, actor: 'test', at: 0 };
    await driver.state.requestRedrive({ id: 'd1', ...request });
    const first = driver.running.nudge();
    await driver.advance(100);
    const second = driver.running.nudge();
    await driver.until(Promise.all([first, second]));
    await driver.advance(3000);
    const [left] = await driver.held();
    assert.equal(left?.count, 2);
    await driver.stop();
  });

  it('reads again what became durable while it was reading', async () => {
    let failing = true;
    const driver = await TestDriver.start<Event>(
      flow('reading')
        .from(events)
        .pipe(
          map('fragile', (e: Event) => {
            if (failing && e.n === 0) throw permanent();
            return e;
          }),
          seen(),
        ),
    );
    await driver.send(...numbered('p1', 1));
    await driver.advance(1000);
    failing = false;
    const read = driver.state.held.bind(driver.state);
    // The answer is older than the two rows that are written while it is on its way.
    driver.state.held = async (...args) => {
      const found = await read(...args);
      await sleep(driver.clock, 100);
      return found;
    };
    const transact = driver.state.transact.bind(driver.state);
    driver.state.transact = async (groups) => {
      await sleep(driver.clock, 50);
      return transact(groups);
    };
    await driver.state.requestRedrive({ id: 'r', flow: 'reading', key: 'p1', errorClass: null, action: 'redrive', actor: 't', at: 0 });
    void driver.running.nudge();
    // While the removal of the head is written.
    await driver.advance(70);
    await driver.send(...numbered('p1', 2, 1));
    await driver.advance(60_000);
    assert.deepEqual(applied(driver.state), [0, 1, 2]);
    assert.deepEqual(await driver.held(), []);
    await driver.stop();
  });

  it('lets an operator discard a record without a key, whatever its partition, and never runs it', async () => {
    const ran: string[] = [];
    const driver = await TestDriver.start<Event>(
      flow('keyless')
        .from(events)
        .pipe(
          map('note', (e: Event, ctx) => {
            ran.push(ctx.key);
            return e;
          }),
          seen(),
        ),
    );
    const value = await driver.encode({ n: 1, kind: 'x' });
    for (let partition = 0; partition < 4; partition++) driver.log.put({ topic: 'events', partition, key: null, value });
    await driver.advance(1000);
    assert.equal((await driver.held()).length, 4);
    await driver.redrive('');
    await driver.advance(3000);
    assert.deepEqual(ran, []);
    for (let i = 0; i < 4; i++) {
      await driver.redrive('', 'discard');
      await driver.advance(3000);
    }
    assert.deepEqual(await driver.held(), []);
    await driver.stop();
  });

  it('keeps the newer timer when a held one of the same name runs', async () => {
    let failing = true;
    const fired: number[] = [];
    const watch = actor<{ n: number }, Event, Event>({
      version: 1,
      initial: () => ({ n: 0 }),
      receive: (_state, e, ctx) => ({
        state: { n: e.n },
        timers: [{ name: 'silence', at: ctx.now + (e.n === 0 ? 1000 : 100_000) }],
        skip: 'watching',
      }),
      timer: (state, _timer, ctx) => {
        if (failing) throw permanent();
        fired.push(ctx.now);
        return { state, skip: 'fired' };
      },
    });
    const driver = await TestDriver.start<Event>(flow('newer').from(events).pipe(process('watch', watch), to(out)));
    const start = driver.clock.now();
    await driver.send(...numbered('p1', 1));
    await driver.advance(2000);
    assert.equal((await driver.held()).length, 1);
    failing = false;
    await driver.redrive('p1');
    await driver.send(...numbered('p1', 1, 1));
    await driver.advance(200_000);
    assert.equal(fired.length, 2);
    assert.ok((fired[1] as number) > start + 100_000);
    await driver.stop();
  });

  it('lets a waiting timer go when nothing is held after all', async () => {
    const fired: string[] = [];
    const watch = actor<{ n: number }, Event, Event>({
      version: 1,
      initial: () => ({ n: 0 }),
      receive: (_state, e, ctx) => {
        if (e.n === 2) throw permanent();
        return { state: { n: e.n }, timers: e.n === 0 ? [{ name: 'later', at: ctx.now + 500 }] : [], emit: [e] };
      },
      timer: (state, _timer, ctx) => {
        fired.push(ctx.key);
        return { state, skip: 'fired' };
      },
    });
    let tries = 0;
    const driver = await TestDriver.start<Event>(
      flow('none-held', { onFailure: { Permanent: { last: skipWith('bad') } } })
        .from(events)
        .pipe(
          map('second', (e: Event) => {
            // Held at the first try, skipped at the second.
            if (e.n === 2 && tries++ === 0) throw new AortaError('AORTA_TEST', 'Defect', 'planned');
            return e;
          }),
          process('watch', watch),
          to(out),
        ),
    );
    await driver.send(...numbered('p1', 1));
    const transact = driver.state.transact.bind(driver.state);
    let refusals = 1;
    driver.state.transact = async (groups) => {
      if (refusals > 0 && groups.some((g) => g.states.length > 0)) {
        refusals--;
        await sleep(driver.clock, 1000);
        throw permanent();
      }
      return transact(groups);
    };
    await driver.send(...numbered('p1', 1, 1));
    await driver.send(...numbered('p1', 1, 2));
    await driver.advance(5000);
    assert.deepEqual(await driver.held(), []);
    assert.deepEqual(fired, ['p1']);
    await driver.stop();
  });

  it('parks in order when a patient that retries is spilled and its turn in front is refused', async () => {
    const driver: TestDriver<Event> = await TestDriver.start<Event>(
      flow('retrying', { onFailure: { Transient: { retry: retry.backoff(100, 100, 3), last: park } } })
        .from(events)
        .pipe(
          mapAsync('slow', async (e: Event, ctx) => {
            if (e.n === 0 && ctx.attempt < 3) {
              await sleep(driver.clock, 50);
              throw transient();
            }
            return e;
          }),
          seen(),
        ),
      { engine: { maxRecords: 10 } },
    );
    await driver.send(...numbered('p1', 60));
    await driver.advance(60_000);
    assert.deepEqual(
      applied(driver.state),
      Array.from({ length: 60 }, (_, i) => i),
    );
    await driver.stop();
  });
});
