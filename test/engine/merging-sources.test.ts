// Patients are merged (A40) while a flow reads several topics that all carry the merge.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AortaError } from '../../src/errors/index.ts';
import { actor, effect, flow, merge, process, table, to, topic, write } from '../../src/index.ts';
import { seededRandom, TestDriver } from '../../src/testing/index.ts';

interface Event {
  readonly n: number;
  readonly of: string;
}
const schema = {
  type: 'record',
  name: 'Event',
  fields: [
    { name: 'n', type: 'int' },
    { name: 'of', type: 'string' },
  ],
};
const adt = topic<Event>('adt', schema, { partitions: 4, merges: true });
const oru = topic<Event>('oru', schema, { partitions: 4, merges: true });
const out = topic<Event>('out', schema, { partitions: 4 });
const applied = table<{ id: string; under: string; n: number }>('applied', {
  columns: { id: { type: 'text' }, under: { type: 'text' }, n: { type: 'integer' } },
  key: ['id', 'under'],
});

let broken = new Set<string>();
let failMerge = false;
interface Seen {
  events: string[];
}
const history = actor<Seen, Event, Event>({
  version: 1,
  initial: () => ({ events: [] }),
  receive: (state, e, ctx) => {
    if (broken.has(ctx.eventId)) throw new AortaError('AORTA_TEST', 'Permanent', 'planned');
    return { state: { events: [...state.events, ctx.eventId] }, emit: [e] };
  },
  merge: (state, merged) => {
    if (failMerge) throw new AortaError('AORTA_TEST', 'Permanent', 'planned');
    return { state: { events: [...state.events, ...merged.events] } };
  },
  unmerge: (state, merged) => {
    const mine = state.events.filter((id) => id.startsWith('A'));
    return {
      state: { events: mine },
      restored: { events: [...new Set([...merged.events, ...state.events.filter((id) => id.startsWith('B'))])] },
    };
  },
});
const merging = flow('merging')
  .from(merge(adt, oru))
  .pipe(
    process('history', history),
    write('applied', { tables: [applied], effects: (e, ctx) => effect.insert(applied, { id: ctx.eventId, under: ctx.key, n: e.n }) }),
    to(out),
  );
const start = () => {
  broken = new Set();
  failMerge = false;
  return TestDriver.start<Event>(merging, { source: adt });
};
const seen = (driver: TestDriver<Event>, key: string) => (driver.stateOf('history', key) as Seen | undefined)?.events ?? [];
const of = (driver: TestDriver<Event>, key: string, prefix: string) => seen(driver, key).filter((id) => id.startsWith(prefix));

/** A name like `B-oru-3` says whose, from where, and its place there. */
async function put(driver: TestDriver<Event>, source: 'adt' | 'oru', key: string, n: number): Promise<void> {
  const value = await driver.encode({ n, of: key });
  driver.log.put({ topic: source, key, value, headers: { eventId: `${key}-${source}-${n}` } });
}
function order(driver: TestDriver<Event>, source: string, key: string, control: string, id: string, peer: string): void {
  const value = Buffer.from(JSON.stringify({ id, peer }));
  driver.log.put({ topic: source, key, value, headers: { 'aorta-control': control, eventId: `${id}:${source}:${control}` } });
}
const mergeAll = (driver: TestDriver<Event>, source: string) => {
  order(driver, source, 'B', 'merge.out', 'm1', 'A');
  order(driver, source, 'A', 'merge.hold', 'm1', 'B');
};
const inOrder = (ids: readonly string[]) => {
  const numbers = ids.map((id) => Number(id.split('-')[2]));
  return numbers.every((n, i) => i === 0 || n > (numbers[i - 1] as number));
};

describe('merging patients over several sources', () => {
  it('folds once, whichever source brings the merge first, and goes on in both', async () => {
    for (const [first, second] of [
      ['adt', 'oru'],
      ['oru', 'adt'],
    ] as const) {
      const driver = await start();
      for (const source of ['adt', 'oru'] as const) for (const key of ['A', 'B']) await put(driver, source, key, 1);
      mergeAll(driver, first);
      for (const source of ['adt', 'oru'] as const) for (const key of ['A', 'B']) await put(driver, source, key, 2);
      await driver.advance(1000);
      mergeAll(driver, second);
      for (const source of ['adt', 'oru'] as const) for (const key of ['A', 'B']) await put(driver, source, key, 3);
      await driver.advance(3000);
      assert.deepEqual(await driver.held(), []);
      const all = seen(driver, 'A');
      assert.equal(all.length, 12, all.join(' '));
      assert.equal(new Set(all).size, 12);
      for (const source of ['adt', 'oru']) for (const key of ['A', 'B']) assert.ok(inOrder(of(driver, 'A', `${key}-${source}`)));
      await driver.stop();
    }
  });

  it('takes what is held of every source along, in the order of each', async () => {
    const driver = await start();
    broken = new Set(['B-adt-2', 'B-oru-2']);
    for (const source of ['adt', 'oru'] as const) for (const n of [1, 2, 3]) await put(driver, source, 'B', n);
    await driver.advance(500);
    assert.deepEqual((await driver.held()).map(({ count, lane }) => [lane.topic, count]).sort(), [
      ['adt', 2],
      ['oru', 2],
    ]);
    mergeAll(driver, 'adt');
    await driver.advance(500);
    mergeAll(driver, 'oru');
    for (const source of ['adt', 'oru'] as const) await put(driver, source, 'B', 4);
    await driver.advance(2000);
    assert.deepEqual([...new Set((await driver.held()).map(({ key }) => key))], ['A']);
    broken.clear();
    await driver.redrive('A');
    await driver.redrive('A');
    await driver.advance(2000);
    assert.deepEqual(await driver.held(), []);
    for (const source of ['adt', 'oru']) {
      assert.deepEqual(
        of(driver, 'A', `B-${source}`),
        [1, 2, 3, 4].map((n) => `B-${source}-${n}`),
      );
    }
    await driver.stop();
  });

  it('what another source forwards waits while the state cannot be folded in, and goes on when it is', async () => {
    const driver = await start();
    for (const source of ['adt', 'oru'] as const) await put(driver, source, 'B', 1);
    failMerge = true;
    mergeAll(driver, 'adt');
    await driver.advance(1000);
    await put(driver, 'oru', 'B', 2);
    await driver.advance(1000);
    assert.deepEqual(seen(driver, 'A'), [], 'nothing of B without its state');
    const held = (await driver.held()).filter(({ key }) => key === 'A');
    assert.deepEqual(held.map(({ lane, head }) => [lane.topic, head.reason]).sort(), [
      ['adt', 'park'],
      ['oru', 'merge'],
    ]);
    failMerge = false;
    await driver.redrive('A');
    await driver.advance(1000);
    assert.deepEqual(await driver.held(), []);
    assert.deepEqual(of(driver, 'A', 'B-oru'), ['B-oru-1', 'B-oru-2']);
    await driver.stop();
  });

  it('in the middle of events of both, over crashes: each once, none lost, each source in order; and an unmerge', async () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const random = seededRandom(seed);
      const driver = await start();
      const counts = new Map<string, number>();
      let total = 0;
      const events = async (rounds: number) => {
        for (let i = 0; i < rounds; i++) {
          const [source, key] = [random.pick(['adt', 'oru'] as const), random.pick(['A', 'B'])];
          const n = (counts.get(`${key}-${source}`) ?? 0) + 1;
          counts.set(`${key}-${source}`, n);
          total++;
          await put(driver, source, key, n);
          if (random.chance(0.1)) await driver.advance(random.int(20));
          if (random.chance(0.02)) await driver.crash();
        }
      };
      await events(60);
      const sources = random.chance(0.5) ? ['adt', 'oru'] : ['oru', 'adt'];
      for (const source of sources) {
        mergeAll(driver, source);
        await events(40);
      }
      await events(60);
      await driver.advance(20_000);
      assert.deepEqual(await driver.held(), [], `seed ${seed}`);
      const all = seen(driver, 'A');
      assert.equal(all.length, total, `seed ${seed}`);
      assert.equal(new Set(all).size, total, `seed ${seed}`);
      for (const id of counts.keys()) assert.ok(inOrder(of(driver, 'A', id)), `seed ${seed}, ${id}`);
      assert.equal(new Set(driver.rows(applied).map(({ id }) => id)).size, total);
      for (const source of sources) {
        order(driver, source, 'B', 'unmerge.hold', 'u1', 'A');
        order(driver, source, 'A', 'unmerge.out', 'u1', 'B');
      }
      await driver.advance(5000);
      assert.deepEqual(await driver.held(), [], `seed ${seed}`);
      assert.equal(of(driver, 'A', 'B').length, 0);
      assert.equal(seen(driver, 'A').length + seen(driver, 'B').length, total, `seed ${seed}`);
      await driver.stop();
    }
  });
});
