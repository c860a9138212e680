import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../../src/clock/system.ts';
import { fail, flow, mapAsync } from '../../src/index.ts';
import { applied, type Event, events, permanent, seen } from './review-support.ts';
import { workersApart } from './workers-apart.ts';

/** Record 1 ends its process after two seconds and looks at no signal; 2 has its partition refused; 3 takes eight seconds. */
async function start() {
  const { clock, state, worker: another, put } = await workersApart();
  const world = { kill: () => {}, tries: 0, refuse: true };
  const made = flow('killer', { onFailure: { Permanent: { last: fail } } })
    .from(events)
    .pipe(
      mapAsync(
        'work',
        async (e: Event) => {
          if (e.n === 1) {
            world.tries++;
            const { kill } = world;
            await sleep(clock, 2000);
            kill();
          }
          if (e.n === 2 && world.refuse) throw permanent();
          if (e.n === 3) await sleep(clock, 8000);
          return e;
        },
        { deadlineMs: 29_000 },
      ),
      seen(),
    );
  const worker = (seed: number) =>
    another(made, seed, (end) => {
      world.kill = end;
    });
  return { clock, state, world, worker, put };
}

/** An end that is not record 1's makes suspects; then the worker starts again until it stays, nine times at most. */
async function startAgain(others: readonly (readonly [n: number, key: string, partition: number])[]) {
  const { clock, state, world, worker, put } = await start();
  const first = await worker(100);
  put(1, 'p1', 0);
  for (const other of others) put(...other);
  await clock.advance(10);
  first.end();
  world.tries = 0;
  let deaths = 0;
  for (let i = 1; i <= 9; i++) {
    const { own, running } = await worker(i);
    await clock.advance(10_000);
    if (own.dead) {
      deaths++;
      continue;
    }
    const stopping = running.stop();
    await clock.advance(40_000);
    await stopping;
    break;
  }
  const held = (await state.heldKeys('killer', 10)).map(({ key, head }) => [key, head.reason]);
  return { deaths, held };
}

describe('a record that ends the process', () => {
  it('is parked after three of its own', async () => {
    const { deaths, held } = await startAgain([]);
    assert.equal(deaths, 3);
    assert.deepEqual(held, [['p1', 'poison']]);
  });

  it('is accused also where another record has the partition refused while it runs', async () => {
    const { deaths } = await startAgain([[2, 'p2', 0]]);
    assert.equal(deaths, 3, 'then its turn fails at once, and does not run');
  });

  it('leaves no accusation to a record of another partition, which waits while it runs', async () => {
    const { held } = await startAgain([
      [2, 'p2', 0],
      [3, 'p3', 1],
    ]);
    assert.ok(!held.some(([key]) => key === 'p3'), `parked: ${JSON.stringify(held)}`);
  });
});

describe('a record that has its partition refused', () => {
  it('lets those of other partitions run that must run alone', async () => {
    const { clock, state, worker, put } = await start();
    const first = await worker(100);
    put(3, 'p3', 1);
    put(2, 'p2', 0);
    await clock.advance(10);
    first.end();
    const second = await worker(101);
    await clock.advance(3000);
    second.end();
    const third = await worker(102);
    await clock.advance(600_000);
    assert.deepEqual(applied(state), [3]);
    const stopping = third.running.stop();
    await clock.advance(40_000);
    await stopping;
  });

  it('is not accused by later ends of the process: its function had come to its end', async () => {
    const { clock, state, world, worker, put } = await start();
    let owner = await worker(100);
    put(2, 'p2', 0);
    await clock.advance(10);
    for (let i = 1; i <= 5; i++) {
      owner.end();
      owner = await worker(100 + i);
      await clock.advance(20_000);
    }
    world.refuse = false;
    owner.end();
    owner = await worker(200);
    await clock.advance(20_000);
    const held = (await state.heldKeys('killer', 10)).map(({ key, head }) => [key, head.reason]);
    assert.deepEqual([held, applied(state)], [[], [2]]);
    const stopping = owner.running.stop();
    await clock.advance(40_000);
    await stopping;
  });
});
