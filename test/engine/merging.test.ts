import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AortaError } from '../../src/errors/index.ts';
import { actor, effect, flow, process, table, to, topic, write } from '../../src/index.ts';
import { seededRandom, TestDriver } from '../../src/testing/index.ts';

/** An actor that remembers every event it has seen, in order; merged state is the concatenation. */
interface Event {
  readonly n: number;
  readonly of: string;
}
interface Seen {
  events: { n: number; of: string }[];
}
const schema = {
  type: 'record',
  name: 'Event',
  fields: [
    { name: 'n', type: 'int' },
    { name: 'of', type: 'string' },
  ],
};
const events = topic<Event>('events', schema, { partitions: 4, merges: true });
const out = topic<Event>('out', schema, { partitions: 4 });
const applied = table<{ id: string; under: string; n: number }>('applied', {
  columns: { id: { type: 'text' }, under: { type: 'text' }, n: { type: 'integer' } },
  key: ['id', 'under'],
});

let broken = new Set<string>();
let failMerge = false;
const history = actor<Seen, Event, Event>({
  version: 1,
  initial: () => ({ events: [] }),
  receive: (state, e, ctx) => {
    if (broken.has(ctx.eventId)) throw new AortaError('AORTA_TEST', 'Permanent', 'planned');
    return { state: { events: [...state.events, { n: e.n, of: e.of }] }, emit: [e] };
  },
  merge: (state, merged) => {
    if (failMerge) throw new AortaError('AORTA_TEST', 'Permanent', 'planned');
    return { state: { events: [...state.events, ...merged.events] } };
  },
  mergedInto: (_state, ctx) => ({ emit: [{ n: -1, of: `${ctx.key}>${ctx.peer}` }] }),
  unmerge: (state, merged, ctx) => {
    const mine = state.events.filter((e) => e.of !== ctx.peer);
    return {
      state: { events: mine },
      restored: { events: [...merged.events, ...state.events.filter((e) => e.of === ctx.peer).slice(merged.events.length)] },
    };
  },
});
const merging = (actor = history) =>
  flow('merging')
    .from(events)
    .pipe(
      process('history', actor),
      write('applied', { tables: [applied], effects: (e, ctx) => effect.insert(applied, { id: ctx.eventId, under: ctx.key, n: e.n }) }),
      to(out),
    );

const start = () => {
  broken = new Set();
  return TestDriver.start<Event>(merging(), { source: events });
};
const order = (driver: TestDriver<Event>, key: string, control: string, id: string, peer: string) =>
  driver.sendRaw(key, Buffer.from(JSON.stringify({ id, peer })), { 'aorta-control': control, eventId: `${id}:${control}` });
const seen = (driver: TestDriver<Event>, key: string) => (driver.stateOf('history', key) as Seen | undefined)?.events ?? [];
const from = (driver: TestDriver<Event>, key: string, of: string) =>
  seen(driver, key)
    .filter((e) => e.of === of)
    .map((e) => e.n);

describe('merging patients', () => {
  it('folds the state of the merged patient into the survivor, whichever of hold and in comes second', async () => {
    for (const early of ['hold', 'out']) {
      const driver = await start();
      await driver.send({ key: 'A', value: { n: 1, of: 'A' } }, { key: 'B', value: { n: 1, of: 'B' } });
      const steps = [() => order(driver, 'A', 'merge.hold', 'm1', 'B'), () => order(driver, 'B', 'merge.out', 'm1', 'A')];
      for (const step of early === 'hold' ? steps : steps.reverse()) {
        await step();
        await driver.send({ key: 'A', value: { n: early === 'hold' ? 2 : 3, of: 'A' } });
        await driver.advance(500);
      }
      assert.deepEqual(from(driver, 'A', 'B'), [1]);
      assert.equal(from(driver, 'A', 'A').length, 3);
      assert.equal((await driver.held()).length, 0);
      await driver.stop();
    }
  });

  it('holds the survivor from the merge on until the state is there, and says why', async () => {
    const driver = await start();
    await order(driver, 'A', 'merge.hold', 'm1', 'B');
    await driver.send({ key: 'A', value: { n: 1, of: 'A' } }, { key: 'C', value: { n: 1, of: 'C' } });
    await driver.advance(2000);
    assert.deepEqual([seen(driver, 'A'), from(driver, 'C', 'C')], [[], [1]]);
    assert.match(driver.why('A').at(-1)?.message ?? '', /merge/);
    await driver.restart();
    await order(driver, 'B', 'merge.out', 'm1', 'A');
    await driver.advance(2000);
    assert.deepEqual(from(driver, 'A', 'A'), [1]);
    await driver.stop();
  });

  it('forwards what still comes for the merged patient, in order, over restarts, and through a chain of merges', async () => {
    const driver = await start();
    await order(driver, 'B', 'merge.out', 'm1', 'A');
    await order(driver, 'A', 'merge.hold', 'm1', 'B');
    await driver.send({ key: 'B', value: { n: 1, of: 'B' } }, { key: 'B', value: { n: 2, of: 'B' } });
    await driver.restart();
    await driver.send({ key: 'B', value: { n: 3, of: 'B' } });
    await driver.advance(500);
    assert.deepEqual(from(driver, 'A', 'B'), [1, 2, 3]);
    await order(driver, 'A', 'merge.out', 'm2', 'D');
    await order(driver, 'D', 'merge.hold', 'm2', 'A');
    await driver.send({ key: 'B', value: { n: 4, of: 'B' } }, { key: 'A', value: { n: 1, of: 'A' } });
    await driver.advance(1000);
    assert.deepEqual(from(driver, 'D', 'B'), [1, 2, 3, 4]);
    assert.deepEqual(from(driver, 'D', 'A'), [1]);
    assert.equal(driver.rows(applied).filter((r) => r.n > 0).length, 5);
    await driver.stop();
  });

  it('takes what is on the held list of the merged patient along, in order', async () => {
    const driver = await start();
    broken.add('bad');
    await driver.send(
      { key: 'B', value: { n: 1, of: 'B' } },
      { key: 'B', value: { n: 2, of: 'B' }, eventId: 'bad' },
      { key: 'B', value: { n: 3, of: 'B' } },
    );
    await driver.advance(200);
    assert.equal((await driver.held())[0]?.count, 2);
    await order(driver, 'A', 'merge.hold', 'm1', 'B');
    await order(driver, 'B', 'merge.out', 'm1', 'A');
    await driver.send({ key: 'B', value: { n: 4, of: 'B' } });
    await driver.advance(1000);
    // The bad one is A's now, and parks it there: still nothing overtakes.
    const held = await driver.held();
    assert.deepEqual(
      held.map((h) => h.key),
      ['A'],
    );
    assert.deepEqual(from(driver, 'A', 'B'), [1]);
    broken.clear();
    await driver.redrive('A');
    await driver.advance(1000);
    assert.deepEqual(from(driver, 'A', 'B'), [1, 2, 3, 4]);
    assert.equal((await driver.held()).length, 0);
    await driver.stop();
  });

  it('skips a repeated merge, and control records of flows without state', async () => {
    const driver = await start();
    for (let i = 0; i < 2; i++) {
      await order(driver, 'B', 'merge.out', 'm1', 'A');
      await order(driver, 'A', 'merge.hold', 'm1', 'B');
    }
    await driver.send({ key: 'A', value: { n: 1, of: 'A' } });
    await driver.advance(1000);
    assert.deepEqual(from(driver, 'A', 'A'), [1]);
    assert.equal((await driver.held()).length, 0);
    await driver.stop();
    const stateless = await TestDriver.start<Event>(flow('stateless').from(events).pipe(to(out)), { source: events });
    await order(stateless, 'B', 'merge.out', 'm1', 'A');
    await stateless.send({ key: 'B', value: { n: 1, of: 'B' } });
    assert.equal((await stateless.emitted(out)).length, 1);
    assert.equal((await stateless.held()).length, 0);
    await stateless.stop();
  });

  it('gives both back on an unmerge', async () => {
    const driver = await start();
    await driver.send({ key: 'A', value: { n: 1, of: 'A' } }, { key: 'B', value: { n: 1, of: 'B' } });
    await order(driver, 'B', 'merge.out', 'm1', 'A');
    await order(driver, 'A', 'merge.hold', 'm1', 'B');
    await driver.send({ key: 'B', value: { n: 2, of: 'B' } }, { key: 'A', value: { n: 2, of: 'A' } });
    await driver.advance(500);
    await order(driver, 'B', 'unmerge.hold', 'u1', 'A');
    await driver.send({ key: 'B', value: { n: 3, of: 'B' } });
    await order(driver, 'A', 'unmerge.out', 'u1', 'B');
    await driver.send({ key: 'A', value: { n: 3, of: 'A' } });
    await driver.advance(1000);
    assert.deepEqual(
      seen(driver, 'A').map((e) => `${e.of}${e.n}`),
      ['A1', 'A2', 'A3'],
    );
    assert.deepEqual(
      seen(driver, 'B').map((e) => `${e.of}${e.n}`),
      ['B1', 'B2', 'B3'],
    );
    assert.equal((await driver.held()).length, 0);
    await driver.stop();
  });

  it('a merge in the middle of 1,000 events of both: each once, none lost, in order, over crashes', async () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const random = seededRandom(seed);
      const driver = await start();
      const count = { A: 0, B: 0 };
      const one = async (key: 'A' | 'B') => {
        const n = ++count[key];
        driver.log.put({ topic: 'events', key, value: await driver.encode({ n, of: key }), headers: { eventId: `${key}${n}` } });
      };
      for (let i = 0; i < 1000; i++) {
        await one(random.chance(0.5) ? 'A' : 'B');
        if (i === 500) {
          const put = (key: string, control: string, peer: string) =>
            driver.log.put({
              topic: 'events',
              key,
              value: Buffer.from(JSON.stringify({ id: 'm1', peer })),
              headers: { 'aorta-control': control, eventId: `m1:${control}` },
            });
          put('B', 'merge.out', 'A');
          put('A', 'merge.hold', 'B');
        }
        if (random.chance(0.02)) await driver.advance(random.int(20));
        if (random.chance(0.004)) await driver.crash();
      }
      await driver.advance(20_000);
      assert.deepEqual(
        from(driver, 'A', 'A'),
        Array.from({ length: count.A }, (_, i) => i + 1),
        `seed ${seed}`,
      );
      assert.deepEqual(
        from(driver, 'A', 'B'),
        Array.from({ length: count.B }, (_, i) => i + 1),
        `seed ${seed}`,
      );
      const rows = driver.rows(applied).filter((r) => r.n > 0);
      assert.equal(new Set(rows.map((r) => r.id)).size, 1000);
      assert.equal(rows.length, 1000);
      assert.equal((await driver.held()).length, 0);
      await driver.stop();
    }
  });

  it('finds the state that comes while the place for it is being made', async () => {
    const states = { history: { version: 1, value: { events: [{ n: 1, of: 'B' }] } } };
    for (const between of [0, 1, 3]) {
      const driver = await start();
      const put = (value: Buffer, headers: Record<string, string>) => driver.log.put({ topic: 'events', key: 'A', value, headers });
      put(Buffer.from(JSON.stringify({ id: 'm1', peer: 'B' })), { 'aorta-control': 'merge.hold', eventId: 'hold' });
      for (let n = 1; n <= between; n++) put(await driver.encode({ n, of: 'A' }), { eventId: `A${n}` });
      put(Buffer.from(JSON.stringify({ id: 'm1', from: 'B', states })), {
        'aorta-control': 'merge.in',
        'aorta-only-flow': 'merging',
        eventId: 'in',
      });
      put(await driver.encode({ n: 4, of: 'A' }), { eventId: 'A4' });
      await driver.advance(5000);
      assert.deepEqual(
        seen(driver, 'A').map((e) => `${e.of}${e.n}`),
        ['B1', ...Array.from({ length: between }, (_, n) => `A${n + 1}`), 'A4'],
      );
      assert.equal((await driver.held()).length, 0);
      await driver.stop();
    }
  });

  it('finds the state also over crashes at any moment', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = seededRandom(seed);
      const driver = await start();
      for (const [key, control, peer] of random.chance(0.5)
        ? ([
            ['A', 'merge.hold', 'B'],
            ['B', 'merge.out', 'A'],
          ] as const)
        : ([
            ['B', 'merge.out', 'A'],
            ['A', 'merge.hold', 'B'],
          ] as const)) {
        const value = await driver.encode({ n: 1, of: key });
        driver.log.put({ topic: 'events', key, value, headers: { eventId: `${key}1` } });
        const order = Buffer.from(JSON.stringify({ id: 'm1', peer }));
        driver.log.put({ topic: 'events', key, value: order, headers: { 'aorta-control': control, eventId: `m1:${control}` } });
        await driver.advance(random.int(8));
      }
      driver.log.put({ topic: 'events', key: 'A', value: await driver.encode({ n: 2, of: 'A' }), headers: { eventId: 'A2' } });
      for (let n = 0; n < 6; n++) {
        await driver.advance(random.int(12));
        if (random.chance(0.6)) await driver.crash();
      }
      await driver.advance(5000);
      assert.deepEqual(await driver.held(), [], `seed ${seed}`);
      assert.deepEqual([from(driver, 'A', 'A'), from(driver, 'A', 'B')], [[1, 2], [1]], `seed ${seed}`);
      await driver.stop();
    }
  });

  it('migrates a state that was sent, or folded in, by an earlier version', async () => {
    const driver = await start();
    await driver.send({ key: 'B', value: { n: 1, of: 'B' } });
    await order(driver, 'B', 'merge.out', 'm1', 'A');
    await order(driver, 'C', 'merge.out', 'm2', 'A');
    await order(driver, 'A', 'merge.hold', 'm2', 'C');
    await driver.deploy(
      merging({ ...history, version: 2, migrate: (stored) => ({ events: [...(stored as Seen).events, { n: 99, of: 'B' }] }) }),
    );
    await order(driver, 'A', 'merge.hold', 'm1', 'B');
    await driver.advance(500);
    assert.deepEqual(from(driver, 'A', 'B'), [99, 1, 99], 'its own state, and the one that was sent');
    await order(driver, 'A', 'unmerge.out', 'u2', 'C');
    await order(driver, 'C', 'unmerge.hold', 'u2', 'A');
    assert.deepEqual(from(driver, 'C', 'B'), [99], 'the one in the journal');
    await driver.stop();
  });

  it('holds a merge whose reducer fails in its place, and goes on from there when it is redriven', async () => {
    const driver = await start();
    await driver.send({ key: 'B', value: { n: 1, of: 'B' } });
    failMerge = true;
    await order(driver, 'A', 'merge.hold', 'm1', 'B');
    await order(driver, 'B', 'merge.out', 'm1', 'A');
    await driver.send({ key: 'A', value: { n: 1, of: 'A' } });
    await driver.advance(1000);
    assert.deepEqual(seen(driver, 'A'), []);
    const [held] = await driver.held();
    assert.deepEqual([held?.key, held?.count, held?.head.errorClass], ['A', 2, 'Permanent']);
    failMerge = false;
    await driver.redrive('A');
    await driver.advance(1000);
    assert.deepEqual(
      seen(driver, 'A').map((e) => `${e.of}${e.n}`),
      ['B1', 'A1'],
    );
    assert.equal((await driver.held()).length, 0);
    await driver.stop();
  });
});
