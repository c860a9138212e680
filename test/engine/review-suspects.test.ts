import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../../src/clock/system.ts';
import { deadLetter, flow, map, mapAsync, park, retry, to } from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { applied, type Event, events, out, permanent, seen, transient } from './review-support.ts';

const one = (key: string, n: number, kind = 'x') => ({ key, value: { n, kind } });
const slow = { onFailure: { Transient: { retry: retry.backoff(5000, 5000, 50), last: park } } };

describe('suspects', () => {
  it('that only failed and wait for their next try are not accused when another record kills the process', async () => {
    const driver: TestDriver<Event> = await TestDriver.start<Event>(
      flow('accused', slow)
        .from(events)
        .pipe(
          mapAsync('work', async (e: Event) => {
            if (e.kind === 'fails') throw transient();
            if (e.kind === 'kills') await sleep(driver.clock, 100_000);
            return e;
          }),
          seen(),
        ),
    );
    await driver.send(one('p1', 0, 'fails'));
    await driver.send(one('p1-other', 1, 'kills'));
    for (let i = 0; i < 6; i++) {
      await driver.advance(500);
      await driver.crash();
      await driver.advance(500);
    }
    const heads = (await driver.held()).filter((held) => held.head.reason === 'poison').map((held) => held.key);
    assert.ok(!heads.includes('p1'), 'the failing record was parked as poison');
    await driver.stop();
  });

  it('that are poison are parked in their turn and run when redriven', async () => {
    let mended = false;
    const driver: TestDriver<Event> = await TestDriver.start<Event>(
      flow('place', slow)
        .from(events)
        .pipe(
          mapAsync('work', async (e: Event) => {
            if (!mended && e.kind === 'fails') throw transient();
            if (!mended && e.kind === 'kills') await sleep(driver.clock, 10_000);
            return e;
          }),
          seen(),
        ),
    );
    await driver.send(one('p1', 1, 'kills'));
    for (let i = 0; i < 4; i++) {
      await driver.advance(500);
      await driver.crash();
      await driver.advance(500);
    }
    const [held] = await driver.held();
    assert.equal(held?.head.reason, 'poison');
    assert.equal(held?.head.errorCode, 'AORTA_ENGINE_007');
    mended = true;
    await driver.redrive('p1');
    await driver.advance(60_000);
    assert.deepEqual(applied(driver.state), [1]);
    await driver.stop();
  });
});

describe('suspects of other partitions', () => {
  it('that run slowly are not accused together with the record that ends the process', async () => {
    let kills = false;
    const driver: TestDriver<Event> = await TestDriver.start<Event>(
      flow('together', slow)
        .from(events)
        .pipe(
          mapAsync('work', async (e: Event) => {
            if (e.kind === 'slow') await sleep(driver.clock, 3_000);
            if (e.kind === 'kills') {
              kills = true;
              await sleep(driver.clock, 100_000);
            }
            return e;
          }),
          seen(),
        ),
    );
    // One patient a partition, as far as their names go.
    const innocents = Array.from({ length: 8 }, (_, i) => `slow-${i}`);
    await driver.send(...innocents.map((key, i) => one(key, i, 'slow')), one('killer', 99, 'kills'));
    let ends = 0;
    for (let step = 0; step < 400 && ends < 6; step++) {
      await driver.advance(200);
      if (!kills) continue;
      kills = false;
      ends++;
      await driver.crash();
    }
    await driver.advance(60_000);
    const heads = (await driver.held()).map((held) => [held.key, held.head.reason]);
    assert.deepEqual(heads, [['killer', 'poison']]);
    assert.equal(ends, 4, 'the first end was not noted, three were');
    assert.deepEqual(
      applied(driver.state).sort((a, b) => a - b),
      innocents.map((_, i) => i),
    );
    await driver.stop();
  });

  it('behind a patient that waits for its next try keep nobody else waiting', async () => {
    const ladder = { onFailure: { Transient: { retry: retry.ladder, last: park } } };
    const driver: TestDriver<Event> = await TestDriver.start<Event>(
      flow('aside', ladder)
        .from(events)
        .pipe(
          mapAsync('work', async (e: Event) => {
            if (e.kind === 'fails') throw transient();
            return e;
          }),
          seen(),
        ),
    );
    await driver.send(one('p1', 0, 'fails'), one('p1', 1), one('p1', 2));
    for (let ends = 0; ends < 6; ends++) {
      await driver.advance(500);
      await driver.crash();
    }
    const others = Array.from({ length: 30 }, (_, i) => `q${i}`);
    await driver.send(...others.map((key) => one(key, 100)));
    // The next try of p1 is seconds away.
    await driver.advance(1_000);
    assert.equal(applied(driver.state).filter((n) => n === 100).length, others.length);
    await driver.advance(1_000);
    assert.deepEqual(
      (await driver.held()).filter((held) => held.head.reason === 'poison'),
      [],
    );
    await driver.stop();
  });
});

describe('a record that ends the process', () => {
  it('is parked also when it waits behind a retry, and when it does so in its second try', async () => {
    const tries = new Map<number, number>();
    let kills = false;
    const driver: TestDriver<Event> = await TestDriver.start<Event>(
      flow('second-try', { onFailure: { Transient: { retry: retry.backoff(100, 100, 50), last: park } } })
        .from(events)
        .pipe(
          mapAsync('work', async (e: Event) => {
            const n = (tries.get(e.n) ?? 0) + 1;
            tries.set(e.n, n);
            if (e.kind === 'fails-first' && n % 2 === 1) throw transient();
            if (e.kind === 'kills' && n % 2 === 1) throw transient();
            if (e.kind === 'kills') {
              kills = true;
              await sleep(driver.clock, 100_000);
            }
            return e;
          }),
          seen(),
        ),
    );
    await driver.send(one('p1', 0, 'fails-first'), one('p1', 1, 'kills'), one('p1', 2), one('p2', 3));
    let ends = 0;
    for (let step = 0; step < 600 && ends < 8; step++) {
      await driver.advance(50);
      if (!kills) continue;
      kills = false;
      ends++;
      await driver.crash();
    }
    assert.equal(ends, 4, 'the first end was not noted, three were');
    assert.deepEqual(
      (await driver.held()).map((held) => [held.key, held.head.reason]),
      [['p1', 'poison']],
    );
    assert.deepEqual(
      applied(driver.state).sort((a, b) => a - b),
      [0, 3],
    );
    await driver.stop();
  });
});

describe('credits', () => {
  it('in bytes are not used up by one patient that waits', async () => {
    const driver: TestDriver<Event> = await TestDriver.start<Event>(
      flow('bytes-of-one')
        .from(events)
        .pipe(
          mapAsync('work', async (e: Event) => {
            if (e.n === 0) await sleep(driver.clock, 20_000);
            return { n: e.n, kind: '' };
          }),
          seen(),
        ),
      { engine: { maxBytes: 1024 } }, // A lane has 1 MiB at least.
    );
    const others = Array.from({ length: 50 }, (_, i) => `q${i}`);
    await driver.send(...Array.from({ length: 20 }, (_, i) => one('p1', i, 'x'.repeat(100_000))));
    await driver.send(...others.map((key) => one(key, 100)));
    await driver.advance(5000);
    assert.equal(applied(driver.state).filter((n) => n === 100).length, others.length);
    await driver.advance(30_000);
    assert.deepEqual(
      applied(driver.state).filter((n) => n < 100),
      Array.from({ length: 20 }, (_, i) => i),
    );
    await driver.stop();
  });
});

describe('what does not fit into the log', () => {
  const big = { engine: { maxRecordBytes: 1000 } };
  const failing = map('fragile', (): Event => {
    throw permanent();
  });
  it('is parked whole, and its copy on the parked topic has no value', async () => {
    const driver = await TestDriver.start<Event>(flow('parks').from(events).pipe(failing, to(out)), big);
    await driver.send(one('p1', 0, 'x'.repeat(2000)));
    await driver.advance(1000);
    assert.ok(((await driver.held())[0]?.head.value?.length ?? 0) > 2000);
    const copies = driver.log.all('parks.parked').flat();
    assert.equal(copies.length, 1);
    assert.equal(copies[0]?.value, null);
    assert.equal(String(copies[0]?.headers['aorta-value']), 'held-list');
    await driver.stop();
  });
  it('is parked where it would be a dead letter', async () => {
    const options = { order: 'tolerant' as const, onFailure: { Permanent: { last: deadLetter } } };
    const driver = await TestDriver.start<Event>(flow('letters', options).from(events).pipe(failing, to(out)), big);
    await driver.send(one('p1', 0, 'x'.repeat(2000)), one('p2', 0));
    await driver.advance(1000);
    assert.deepEqual(
      (await driver.held()).map((held) => held.key),
      ['p1'],
    );
    assert.equal(driver.log.all('letters.dlq').flat().length, 1);
    await driver.stop();
  });
});

describe('why', () => {
  it('knows that a queued envelope of a held patient waits for the store', async () => {
    const driver = await TestDriver.start<Event>(
      flow('store-away')
        .from(events)
        .pipe(
          map('fragile', (e: Event) => {
            if (e.n === 0) throw permanent();
            return e;
          }),
          seen(),
        ),
    );
    await driver.send(one('p1', 0));
    await driver.advance(1000);
    const transact = driver.state.transact.bind(driver.state);
    driver.state.transact = async () => {
      throw transient();
    };
    await driver.send(one('p1', 1));
    await driver.advance(120_000);
    assert.deepEqual(driver.running.overdue(), []);
    const partition = driver.running.partitions().find((p) => p.open > 0)?.partition ?? -1;
    assert.equal(driver.running.whyPartition(partition)[0]?.reason, 'commit');
    driver.state.transact = transact;
    await driver.advance(10_000);
    await driver.stop();
  });
});
