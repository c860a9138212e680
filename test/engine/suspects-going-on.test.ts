import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../../src/clock/system.ts';
import { type BatchItem, batch, call, defineTarget, enrich, type Flow, flow, mapAsync, park, retry } from '../../src/index.ts';
import { applied, type Event, events, seen } from './review-support.ts';
import { workersApart } from './workers-apart.ts';

type Work = (n: number, signal: AbortSignal) => Promise<void>;

const deadlineMs = 2000;
const outside = defineTarget('outside', { deadlineMs: 29_000 });
const lookUp = (work: Work) => ({
  by: (e: Event) => `${e.n}`,
  lookup: (n: string, { signal }: { readonly signal: AbortSignal }) => work(Number(n), signal),
  into: (e: Event) => e,
});

/** The operators that run a function of the flow which may take long, each at its own place. */
const operators = {
  mapAsync: (work: Work, ms: number) =>
    mapAsync('work', (e: Event, { signal }) => work(e.n, signal).then(() => e), {
      deadlineMs: ms,
    }),
  call: (work: Work, ms: number) =>
    call('work', outside, (e: Event, { signal }) => work(e.n, signal).then(() => e), { key: 'derived', deadlineMs: ms }),
  batch: (work: Work, ms: number) =>
    batch(
      'work',
      async (items: readonly BatchItem<Event>[], signal) => {
        await Promise.all(items.map(({ value }) => work(value.n, signal)));
        return items.map(({ value }) => value);
      },
      { max: 2, within: 1, deadlineMs: ms },
    ),
  enrich: (work: Work, ms: number) => enrich('work', { ...lookUp(work), deadlineMs: ms }),
  'enrich with a target': (work: Work, ms: number) => enrich('work', { ...lookUp(work), target: outside, deadlineMs: ms }),
};
type Operators = keyof typeof operators;

/** Workers in processes of their own; `work` is called with how the process that runs it is ended. */
async function start(work: (n: number, end: () => void, signal: AbortSignal) => Promise<void>, kind: Operators, ms = deadlineMs) {
  const { worker: another, ...world } = await workersApart({ drainMs: 1000 });
  let ends = () => {};
  const runs: Work = (n, signal) => work(n, ends, signal);
  const step = operators[kind](runs, ms) as (source: Flow<Event>) => Flow<Event>;
  const made = flow('going-on', { onFailure: { Transient: { retry: retry.ladder, last: park } } })
    .from(events)
    .pipe(step, seen());
  const worker = (seed: number) =>
    another(made, seed, (end) => {
      ends = end;
    });
  const held = async () => (await world.state.heldKeys('going-on', 10)).map(({ key, head }) => [key, head.reason]);
  const notes = (partition = 0) => world.state.suspects({ flow: 'going-on', lane: 'main', topic: 'events', partition });
  const stop = async ({ running }: Awaited<ReturnType<typeof worker>>) => {
    const stopping = running.stop();
    await world.clock.advance(40_000);
    await stopping;
  };
  return { ...world, worker, held, notes, stop };
}

/** An end that is nobody's doing makes suspects of what was sent. */
async function suspected(
  world: Awaited<ReturnType<typeof start>>,
  sent: readonly (readonly [n: number, key: string, partition: number])[],
) {
  const first = await world.worker(100);
  for (const each of sent) world.put(...each);
  await world.clock.advance(10);
  first.end();
}

for (const kind of Object.keys(operators) as Operators[]) {
  describe(`a function of ${kind} that does not look at its signal`, () => {
    it('is parked with its record where it ends the process after its deadline', async () => {
      const world = await start(async (n, end) => {
        // Behind the deadline, and before the next try.
        await sleep(world.clock, n === 1 ? 5000 : 10);
        if (n === 1) end();
      }, kind);
      await suspected(world, [
        [1, 'p1', 0],
        [2, 'p2', 0],
      ]);
      let deaths = 0;
      for (let i = 1; i <= 9; i++) {
        const owner = await world.worker(i);
        await world.clock.advance(20_000);
        if (owner.own.dead) deaths++;
        else {
          await world.stop(owner);
          break;
        }
      }
      assert.equal(deaths, 3);
      assert.deepEqual(await world.held(), [['p1', 'poison']]);
      assert.deepEqual(applied(world.state), [2]);
    });

    it('is parked with its record where it ends the process when the lane was drained, which is another one’s by then', async () => {
      const world = await start(
        async (n, end) => {
          await sleep(world.clock, n === 1 ? 10_000 : 10);
          if (n === 1) end();
        },
        kind,
        29_000,
      );
      // No unclean end before: what a drain leaves behind is no clean end.
      const owners = [];
      for (let i = 1; i <= 9; i++) {
        const owner = await world.worker(i);
        if (owners.push(owner) === 1) world.put(1, 'p1', 0);
        await world.clock.advance(1000);
        const left = owner.consumer().stop();
        await world.clock.advance(4000);
        await left;
      }
      await world.clock.advance(20_000);
      const deaths = owners.filter(({ own }) => own.dead).length;
      assert.ok(deaths <= 6, `${deaths} processes ended; two may have run it while the first ones had not ended`);
      assert.deepEqual(await world.held(), [['p1', 'poison']]);
      for (const owner of owners) if (!owner.own.dead) await world.stop(owner);
    });

    it('is not accused where it comes to its end, though each of its owners lost the lane in a drain', async () => {
      const world = await start((n) => sleep(world.clock, n === 1 ? 5000 : 10), kind, 29_000);
      await suspected(world, [[1, 'p1', 0]]);
      const owners = [];
      for (let i = 1; i <= 6; i++) {
        const owner = await world.worker(i);
        owners.push(owner);
        await world.clock.advance(1000);
        const left = owner.consumer().stop();
        await world.clock.advance(7000);
        await left;
        assert.deepEqual(await world.notes(), []);
      }
      assert.deepEqual(await world.held(), []);
      for (const owner of owners) await world.stop(owner);
    });

    it('stays accused while it goes on when the lane was lost, and is not when it has ended', async () => {
      const world = await start((n) => sleep(world.clock, n === 1 ? 20_000 : 10), kind, 29_000);
      await suspected(world, [[1, 'p1', 0]]);
      const owner = await world.worker(1);
      await world.clock.advance(1000);
      const learns = await owner.consumer().expire();
      void learns();
      void owner.consumer().crash();
      await world.clock.advance(5000);
      assert.equal((await world.notes()).length, 1);
      await world.clock.advance(20_000);
      assert.deepEqual(await world.notes(), []);
      await world.stop(owner);
    });
  });
}

describe('a function that goes on after its deadline', () => {
  it('leaves no accusation to a record that must run alone: it waits', async () => {
    const world = await start(async (n, end) => {
      if (n === 1) {
        await sleep(world.clock, 5000);
        end();
      } else await sleep(world.clock, 1500);
    }, 'mapAsync');
    await suspected(world, [
      [1, 'p1', 0],
      [3, 'p3', 1],
    ]);
    for (let i = 1; i <= 9; i++) {
      const owner = await world.worker(i);
      await world.clock.advance(20_000);
      if (owner.own.dead) continue;
      await world.stop(owner);
      break;
    }
    assert.deepEqual(await world.held(), [['p1', 'poison']]);
    assert.deepEqual(applied(world.state), [3]);
  });

  it('keeps the others waiting for a while only where its promise is never settled, and its note until a stop', async () => {
    const world = await start((n) => (n === 1 ? new Promise(() => {}) : sleep(world.clock, 10)), 'mapAsync');
    await suspected(world, [
      [1, 'p1', 0],
      [3, 'p3', 1],
    ]);
    // Both are noted once more, and must run alone from now on.
    const second = await world.worker(1);
    await world.clock.advance(1);
    second.end();
    const owner = await world.worker(2);
    await world.clock.advance(20_000);
    await world.clock.advance(20_000);
    assert.deepEqual(applied(world.state), [3]);
    assert.ok((await world.notes()).length > 0);
    await world.stop(owner);
    assert.equal((await world.notes()).filter(({ epoch }) => epoch > 2).length, 0);
  });

  it('has its note while a later try of the record, which is over, had it too; both ended, nothing is left', async () => {
    let tries = 0;
    const world = await start(async () => {
      const ms = [20_000, deadlineMs + 100][tries++];
      await sleep(world.clock, ms ?? 1);
    }, 'mapAsync');
    await suspected(world, [[1, 'p1', 0]]);
    tries = 0;
    const owner = await world.worker(1);
    // The first one is over at 2 s; the second runs from 7 s to 9 s; the third comes at 39 s.
    await world.clock.advance(12_000);
    assert.equal(tries, 2);
    assert.equal((await world.notes()).length, 1, 'the older function goes on');
    await world.clock.advance(13_000);
    assert.deepEqual(await world.notes(), []);
    await world.clock.advance(30_000);
    assert.deepEqual(applied(world.state), [1]);
    await world.stop(owner);
  });

  it('is one end, and not several, where its process lost the lane and had it again', async () => {
    const world = await start((n) => sleep(world.clock, n === 1 ? 1_000_000 : 10), 'mapAsync', 29_000);
    await suspected(world, [[1, 'p1', 0]]);
    const owner = await world.worker(1);
    await world.clock.advance(1000);
    for (let lost = 1; lost <= 4; lost++) {
      const learns = await owner.consumer().expire();
      void learns();
      await world.clock.advance(5000);
    }
    assert.equal((await world.notes()).length, 1);
    owner.end();
    const next = await world.worker(2);
    await world.clock.advance(5000);
    assert.deepEqual(await world.held(), []);
    await world.stop(next);
  });
});
