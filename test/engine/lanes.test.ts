import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AortaError } from '../../src/errors/index.ts';
import {
  actor,
  deadLetter,
  effect,
  type Flow,
  type FlowOptions,
  flatMap,
  flow,
  map,
  mapAsync,
  merge,
  park,
  pipe,
  process,
  retry,
  table,
  tap,
  tee,
  to,
  topic,
  write,
} from '../../src/index.ts';
import { header } from '../../src/log/port.ts';
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
const events = topic<Event>('events', schema, { partitions: 2 });
const alerts = topic<Event>('alerts', schema, { partitions: 2 });
const posted = topic<Event>('posted', schema, { partitions: 2 });

interface Row {
  patient: string;
  nth: number;
  n: number;
  event: string;
}
const stored = table<Row>('stored', {
  columns: { patient: { type: 'text' }, nth: { type: 'integer' }, n: { type: 'integer' }, event: { type: 'text' } },
  key: ['patient', 'nth'],
});

/** What the EHR does with a call. */
let ehr: (event: Event) => Promise<void> = async () => {};
const transient = () => new AortaError('AORTA_TEST', 'Transient', 'planned');
const permanent = () => new AortaError('AORTA_TEST', 'Permanent', 'planned');

const counter = actor<{ nth: number }, Event, Event & { nth: number }>({
  version: 1,
  initial: () => ({ nth: 0 }),
  receive: (state, e) => ({ state: { nth: state.nth + 1 }, emit: [{ ...e, nth: state.nth + 1 }] }),
});

const split = (options: FlowOptions = {}): Flow<unknown> =>
  flow('split', options)
    .from(events)
    .pipe(
      tee(
        {
          ehr: pipe(
            mapAsync('post', async (e: Event) => {
              await ehr(e);
              return e;
            }),
            process('count', counter),
            write('stored', {
              tables: [stored],
              effects: (e, ctx) => effect.insert(stored, { patient: ctx.key, nth: e.nth, n: e.n, event: ctx.eventId }),
            }),
            map(({ n, kind }) => ({ n, kind })),
            to(posted),
          ),
          alert: to(alerts),
        },
        { lanes: 'independent' },
      ),
    );
const start = async (made = split(), options: object = {}) => {
  ehr = async () => {};
  return TestDriver.start<Event>(made, { source: events, ...options });
};
const event = (n: number, key = 'p1') => ({ key, value: { n, kind: 'x' }, eventId: `${key}-${n}` });
const numbers = async (driver: TestDriver<Event>, from: typeof alerts, key = 'p1') =>
  (await driver.emitted(from)).filter((e) => e.key === key).map(({ value }) => value.n);
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

describe('independent lanes', () => {
  it('each take every input once, in the order of the patient', async () => {
    const driver = await start();
    for (const n of upTo(30)) await driver.send(event(n), event(n, 'p2'));
    await driver.advance(3000);
    for (const key of ['p1', 'p2']) {
      assert.deepEqual(await numbers(driver, alerts, key), upTo(30));
      assert.deepEqual(await numbers(driver, posted, key), upTo(30));
      assert.deepEqual(
        driver
          .rows(stored)
          .filter((row) => row.patient === key)
          .map(({ nth, n, event }) => [nth, n, event]),
        upTo(30).map((n) => [n + 1, n, `${key}-${n}`]),
      );
    }
    assert.equal(driver.running.totals().done, 60);
    assert.equal(driver.running.laneTotals('ehr').done, 60);
    assert.equal(driver.running.laneTotals('alert').done, 60);
    assert.equal((await driver.held()).length, 0);
    await driver.stop();
  });

  it('a system that is down in one lane delays no other lane, and says why', async () => {
    const driver = await start();
    let down = true;
    ehr = async () => {
      if (down) throw transient();
    };
    for (const n of upTo(10)) await driver.send(event(n));
    await driver.advance(1000);
    assert.deepEqual(await numbers(driver, alerts), upTo(10));
    assert.deepEqual(await numbers(driver, posted), []);
    assert.equal(driver.running.totals().done, 10, 'the records settled');
    const why = driver.why('p1');
    assert.deepEqual(
      why.map(({ lane, reason, behind, code }) => [lane, reason, behind, code]),
      [['ehr', 'held', 9, 'AORTA_TEST']],
    );
    const [view] = driver.running.partitions().flatMap(({ lanes }) => lanes.filter(({ waiting }) => waiting > 0));
    assert.deepEqual(view, { lane: 'ehr', waiting: 10, patients: 1, parked: 0, refused: null });
    const partition = driver.running.partitions().find(({ lanes }) => lanes.some(({ waiting }) => waiting > 0))?.partition as number;
    assert.ok(
      driver.running.whyPartition(partition).some(({ lane, reason, behind }) => lane === 'ehr' && reason === 'lane' && behind === 10),
    );
    assert.deepEqual(driver.running.overdue(), []);
    down = false;
    await driver.advance(60_000);
    assert.deepEqual(await numbers(driver, posted), upTo(10));
    await driver.stop();
  });

  it('goes on where it was after crashes at any moment: nothing lost, nothing twice', async () => {
    const driver = await start();
    ehr = () => new Promise<void>((resolve) => void driver.clock.after(7, resolve));
    for (const n of upTo(40)) {
      await driver.send(event(n), event(n, 'p2'), event(n, 'p3'));
      if (n % 7 === 3) await driver.crash();
      if (n % 11 === 5) await driver.restart();
    }
    await driver.advance(60_000);
    for (const key of ['p1', 'p2', 'p3']) {
      assert.deepEqual(
        driver
          .rows(stored)
          .filter((row) => row.patient === key)
          .map(({ nth, n }) => [nth, n]),
        upTo(40).map((n) => [n + 1, n]),
      );
      assert.deepEqual([...new Set(await numbers(driver, alerts, key))], upTo(40));
      assert.deepEqual([...new Set(await numbers(driver, posted, key))], upTo(40));
    }
    await driver.stop();
  });

  it('parks and redrives in its lane alone', async () => {
    const driver = await start();
    let broken = true;
    ehr = async (e) => {
      if (broken && e.n === 2) throw permanent();
    };
    for (const n of upTo(5)) await driver.send(event(n), event(n, 'p2'));
    await driver.advance(1000);
    assert.deepEqual(await numbers(driver, alerts), upTo(5));
    assert.deepEqual(await numbers(driver, posted), [0, 1]);
    const held = await driver.held();
    assert.deepEqual(held.map(({ key, count, lane, head }) => [key, count, lane.lane, head.reason]).sort(), [
      ['p1', 3, 'ehr', 'park'],
      ['p2', 3, 'ehr', 'park'],
    ]);
    broken = false;
    await driver.crash();
    await driver.redrive('p1');
    await driver.redrive('p2', 'discard');
    await driver.advance(5000);
    assert.deepEqual(await numbers(driver, posted), upTo(5));
    assert.deepEqual(await numbers(driver, posted, 'p2'), [0, 1, 3, 4]);
    await driver.stop();
  });

  it('bounds its backlog: at the cap the partition is not fed, and goes on when inputs settle', async () => {
    const driver = await start(split({ onFailure: { Transient: { retry: retry.backoff(1000, 1000, 1e6), last: park } } }), {
      engine: { maxHeld: 20, maxRecords: 10 },
    });
    let down = true;
    ehr = async () => {
      if (down) throw transient();
    };
    for (const n of upTo(60)) await driver.send(event(n));
    await driver.advance(5000);
    const waiting = driver.running
      .partitions()
      .flatMap(({ lanes }) => lanes)
      .reduce((sum, lane) => sum + lane.waiting, 0);
    assert.ok(waiting > 20 && waiting <= 45, `${waiting} wait`);
    const partition = driver.running.partitions().find(({ paused }) => paused)?.partition as number;
    assert.ok(driver.running.whyPartition(partition).some(({ reason, message }) => reason === 'lane' && message.startsWith('not fed')));
    down = false;
    await driver.advance(60_000);
    assert.deepEqual(await numbers(driver, posted), upTo(60));
    assert.deepEqual(await numbers(driver, alerts), upTo(60));
    await driver.stop();
  });

  it('takes a backlog of many patients up again with a few reads at a time', async () => {
    const driver = await start();
    let down = true;
    ehr = async () => {
      if (down) throw transient();
    };
    const keys = Array.from({ length: 150 }, (_, i) => `p${i}`);
    for (const n of upTo(4)) await driver.send(...keys.map((key) => event(n, key)));
    await driver.advance(1000);
    let reading = 0;
    let most = 0;
    const held = driver.state.held.bind(driver.state);
    driver.state.held = async (...args) => {
      most = Math.max(most, ++reading);
      await new Promise<void>((resolve) => void driver.clock.after(2, resolve));
      reading--;
      return held(...args);
    };
    down = false;
    await driver.crash();
    await driver.advance(60_000);
    for (const key of keys) assert.deepEqual([...new Set(await numbers(driver, posted, key))], upTo(4));
    assert.ok(most > 0 && most <= 3, `${most} at once`);
    await driver.stop();
  });

  it('gives each child of a record an id of its own, and emissions too', async () => {
    const doubled = flow('doubled')
      .from(events)
      .pipe(
        flatMap((e) => [e, { ...e, n: e.n + 100 }]),
        tee({ copy: to(alerts), more: to(posted) }, { lanes: 'independent' }),
      );
    const driver = await start(doubled);
    await driver.send(event(1));
    await driver.advance(1000);
    const emitted = await driver.emitted(alerts);
    assert.deepEqual(
      emitted.map(({ value }) => value.n),
      [1, 101],
    );
    assert.equal(new Set(emitted.map(({ headers }) => headers[header.eventId])).size, 2);
    await driver.stop();
  });

  it('keeps the source, the time and the id of the record, and values as they were', async () => {
    const seen: unknown[] = [];
    const typed = flow('typed')
      .from(events)
      .pipe(
        map((e) => ({ at: new Date(e.n), big: 2n ** 60n, bytes: Buffer.from('ab'), of: new Map([[e.n, e.kind]]) })),
        tee(
          {
            look: pipe(
              tap((value, ctx) => void seen.push([value, ctx.source, ctx.now, ctx.eventId, ctx.key])),
              map(() => ({ n: 1, kind: 'seen' })),
              to(alerts),
            ),
          },
          { lanes: 'independent' },
        ),
      );
    const driver = await start(typed);
    await driver.send({ ...event(7), timestamp: 1_700_000_000_000 });
    await driver.advance(1000);
    const partition = driver.running.partitions().find(({ end }) => end > 0)?.partition;
    assert.deepEqual(seen, [
      [
        { at: new Date(7), big: 2n ** 60n, bytes: Buffer.from('ab'), of: new Map([[7, 'x']]) },
        { topic: 'events', partition, offset: 0 },
        1_700_000_000_000,
        'p1-7',
        'p1',
      ],
    ]);
    await driver.stop();
  });

  it('refuses a value that cannot be stored, before anything of the turn is written', async () => {
    const closures = flow('closures')
      .from(events)
      .pipe(
        map((e) => ({ ...e, act: () => e })),
        tee({ one: to('one', alerts as never), two: to('two', posted as never) }, { lanes: 'independent' }),
      );
    const driver = await start(closures);
    await driver.send(event(1));
    await driver.advance(1000);
    assert.deepEqual(
      (await driver.held()).map(({ lane, head }) => [lane.lane, head.errorCode]),
      [['main', 'AORTA_FLOW_022']],
    );
    await driver.stop();
  });

  it('dead-letters an input of a tolerant flow with its lane, and takes it back into that lane only', async () => {
    const driver = await start(split({ order: 'tolerant', onFailure: { Permanent: { last: deadLetter } } }));
    let broken = true;
    ehr = async (e) => {
      if (broken && e.n === 1) throw permanent();
    };
    for (const n of upTo(3)) await driver.send(event(n));
    await driver.advance(1000);
    assert.deepEqual(await numbers(driver, posted), [0, 2]);
    const dead = driver.log.all('split.dlq').flat();
    assert.equal(dead.length, 1);
    const headers = Object.fromEntries(Object.entries(dead[0]?.headers ?? {}).map(([name, value]) => [name, String(value)]));
    assert.equal(headers['aorta-lane'], 'ehr');
    assert.equal(headers['eventId'], 'p1-1');
    broken = false;
    const { 'aorta-seq': _, ...again } = headers;
    await driver.sendRaw('p1', dead[0]?.value ?? null, again);
    await driver.advance(1000);
    assert.deepEqual(await numbers(driver, posted), [0, 2, 1]);
    assert.deepEqual(await numbers(driver, alerts), upTo(3), 'the other lane does not see it again');
    await driver.stop();
  });

  it('fires timers of its actors in its own turns', async () => {
    const watch = actor<{ fired: number }, Event, Event>({
      version: 1,
      initial: () => ({ fired: 0 }),
      receive: (state, e, ctx) => ({ state, timers: [{ name: 'later', at: ctx.now + 1000, payload: e }], skip: 'watching' }),
      timer: (state, timer) => ({ state: { fired: state.fired + 1 }, emit: [timer.payload as Event] }),
    });
    const timed = flow('timed')
      .from(events)
      .pipe(tee({ watch: pipe(process('watch', watch), to(posted)), alert: to(alerts) }, { lanes: 'independent' }));
    const driver = await start(timed);
    await driver.send(event(4));
    await driver.advance(500);
    await driver.crash();
    await driver.advance(3000);
    assert.deepEqual(await numbers(driver, posted), [4]);
    assert.deepEqual(driver.stateOf('watch', 'p1'), { fired: 1 });
    await driver.stop();
  });

  it('gives a timer its turn between the inputs of a busy patient', async () => {
    const fired: number[] = [];
    const watch = actor<{ seen: number }, Event, Event>({
      version: 1,
      initial: () => ({ seen: 0 }),
      receive: (state, e, ctx) => ({
        state: { seen: state.seen + 1 },
        timers: e.n === 0 ? [{ name: 'later', at: ctx.now + 100 }] : [],
        emit: [e],
      }),
      timer: (state) => {
        fired.push(state.seen);
        return { state, skip: 'fired' };
      },
    });
    const busy = flow('busy')
      .from(events)
      .pipe(
        tee(
          {
            ehr: pipe(
              mapAsync('post', async (e: Event) => {
                await new Promise<void>((resolve) => void driver.clock.after(20, resolve));
                return e;
              }),
              process('watch', watch),
              to(posted),
            ),
          },
          { lanes: 'independent' },
        ),
      );
    const driver: TestDriver<Event> = await start(busy);
    await driver.send(...upTo(60).map((n) => event(n)));
    await driver.advance(10_000);
    assert.deepEqual(await numbers(driver, posted), upTo(60));
    assert.equal(fired.length, 1);
    assert.ok((fired[0] as number) < 30, `after ${fired[0]} of 60 inputs`);
    await driver.stop();
  });

  it('works over several sources: one turn at a time in a lane, whichever topic fed it', async () => {
    const more = topic<Event>('more', schema, { partitions: 2 });
    let running = 0;
    let most = 0;
    const merged = flow('merged')
      .from(merge(events, more))
      .pipe(
        tee(
          {
            ehr: pipe(
              mapAsync('post', async (e: Event) => {
                most = Math.max(most, ++running);
                await new Promise<void>((resolve) => void driver.clock.after(11, resolve));
                running--;
                return e;
              }),
              process('count', counter),
              map(({ n, kind }) => ({ n, kind })),
              to(posted),
            ),
            alert: to(alerts),
          },
          { lanes: 'independent' },
        ),
      );
    const driver: TestDriver<Event> = await start(merged);
    for (const n of upTo(10)) {
      driver.log.put({ topic: 'more', key: 'p1', value: await driver.encode({ n: 100 + n, kind: 'm' }), headers: { eventId: `m${n}` } });
      await driver.send(event(n));
      if (n === 5) {
        await driver.crash();
        running = 0;
      }
    }
    await driver.advance(10_000);
    assert.equal(most, 1);
    assert.deepEqual(driver.stateOf('count', 'p1'), { nth: 20 });
    // A crash may produce an emission again, under the same number: readers drop it.
    const all = [...new Set(await numbers(driver, posted))];
    assert.deepEqual(
      all.filter((n) => n < 100),
      upTo(10),
    );
    assert.deepEqual(
      all.filter((n) => n >= 100),
      upTo(10).map((n) => 100 + n),
    );
    await driver.stop();
  });

  it('has no new input under suspicion after a crash', async () => {
    const driver = await start();
    await driver.send(event(0));
    await driver.crash();
    const before = driver.state.journal.length;
    for (const n of upTo(5)) await driver.send(event(n + 1, `p${n}`));
    await driver.advance(1000);
    const noted = driver.state.journal.slice(before).filter(({ lane, suspects }) => lane.lane !== 'main' && suspects.length > 0);
    assert.deepEqual(noted, []);
    assert.equal(new Set((await driver.emitted(alerts)).map(({ headers }) => headers[header.eventId])).size, 6);
    await driver.stop();
  });

  it('parks the input that ends the process again and again, in its lane', async () => {
    const driver = await start();
    let killed = 0;
    let kill: (() => void) | undefined;
    ehr = (e) => {
      if (e.n !== 1) return Promise.resolve();
      killed++;
      kill?.();
      return new Promise(() => {});
    };
    await driver.send(event(0), event(1), event(2), event(0, 'p2'), event(1, 'p3'));
    for (let i = 0; i < 8 && !(await driver.held()).every(({ head }) => head.reason === 'poison'); i++) {
      await driver.advance(2000);
      await driver.crash();
    }
    await driver.advance(2000);
    assert.ok(killed > 0);
    const held = await driver.held();
    assert.deepEqual(held.map(({ key, lane, head }) => [key, lane.lane, head.reason]).sort(), [
      ['p1', 'ehr', 'poison'],
      ['p3', 'ehr', 'poison'],
    ]);
    assert.deepEqual(await numbers(driver, alerts), upTo(3));
    await driver.stop();
  });
});
