import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../../src/clock/system.ts';
import { flow, mapAsync } from '../../src/index.ts';
import type { MemoryState } from '../../src/testing/memory-state.ts';
import { applied, type Event, events, seen } from './review-support.ts';
import { workersApart } from './workers-apart.ts';

/** Workers in processes of their own, one of which has all partitions; record 1 takes as long as `busy` says. */
async function start() {
  const { clock, state, worker: another, put } = await workersApart();
  const world = { busy: true, tries: 0, heeds: true };
  const made = flow('taken-over')
    .from(events)
    .pipe(
      mapAsync(
        'work',
        async (e: Event, { signal }) => {
          if (e.n === 1) {
            world.tries++;
            if (world.busy) await sleep(clock, 1_000_000, world.heeds ? signal : undefined);
          }
          return e;
        },
        { deadlineMs: 29_000 },
      ),
      seen(),
    );
  const worker = (seed: number) => another(made, seed);
  return { clock, state, world, worker, put };
}

const heldOf = async (state: MemoryState) =>
  (await state.heldKeys('taken-over', 10)).map(({ key, head }) => [key, head.reason, head.errorCode]);

const notesOf = async (state: MemoryState) => {
  const partitions = Array.from({ length: events.partitions }, (_, partition) => partition);
  return (
    await Promise.all(partitions.map((partition) => state.suspects({ flow: 'taken-over', lane: 'main', topic: 'events', partition })))
  ).flat();
};

/** Four owners, one after the other, each of them another process: each loses the partition while it tries record 1. */
async function loseFour(stalls: readonly number[], heeds = true) {
  const { clock, state, world, worker, put } = await start();
  world.heeds = heeds;
  const workers = [await worker(1)];
  put(1, 'p1');
  put(2, 'p2');
  await clock.advance(1000);
  for (let lost = 1; lost <= 4; lost++) {
    const owner = workers.at(-1);
    assert.ok(owner);
    // Its loop stands still, and the group gives the partition away in the last of these times.
    let learns: (() => Promise<void>) | undefined;
    for (const [i, ms] of stalls.entries()) {
      owner.own.paused = [];
      if (i === stalls.length - 1) learns = await owner.consumer().expire();
      await clock.advance(ms);
      const late = owner.own.paused ?? [];
      owner.own.paused = undefined;
      for (const fn of late) fn();
      if (!learns) await clock.advance(200);
    }
    learns ??= await owner.consumer().expire();
    void learns();
    // It lives, and does not join again.
    void owner.consumer().crash();
    await clock.advance(100);
    workers.push(await worker(lost + 1));
    await clock.advance(3000);
  }
  const held = await heldOf(state);
  const stop = async () => {
    for (const { running } of workers) {
      const stopping = running.stop();
      await clock.advance(40_000);
      await stopping;
    }
  };
  return { clock, state, world, held, stop };
}

/** One process ends in a noted try of record 1; the next two lose the partition in theirs and live. `learns`: the first of them knows it. */
async function endAndTwoCutOff(learns: boolean) {
  const { clock, state, world, worker, put } = await start();
  const first = await worker(1);
  put(1, 'p1');
  put(2, 'p2');
  await clock.advance(1000);
  first.end();
  await clock.advance(100);
  const noted = await worker(2);
  await clock.advance(1000);
  noted.end();
  await clock.advance(100);
  const owners = [await worker(3)];
  await clock.advance(1000);
  const wake = await owners[0]?.consumer().expire();
  owners.push(await worker(4));
  await clock.advance(1000);
  assert.equal(world.tries, 4);
  await owners[1]?.consumer().expire();
  if (learns) {
    void wake?.();
    void owners[0]?.consumer().crash();
    await clock.advance(100);
  }
  owners.push(await worker(5));
  await clock.advance(1000);
  const held = await heldOf(state);
  for (const { end } of owners) end();
  await clock.advance(100);
  return { world, held };
}

describe('a record whose owners lose the partition without a drain while they try it', () => {
  it('is not accused: an owner that lives takes its note back without the lane', async () => {
    const { clock, state, world, held, stop } = await loseFour([]);
    assert.equal(world.tries, 5);
    assert.deepEqual(held, []);
    world.busy = false;
    await clock.advance(120_000);
    assert.deepEqual(
      applied(state).sort((a, b) => a - b),
      [1, 2],
    );
    await stop();
  });

  it('is not accused for many short times in which the loop stood still: heartbeats go out in between', async () => {
    const { world, held, stop } = await loseFour(Array(8).fill(3000));
    assert.equal(world.tries, 5);
    assert.deepEqual(held, []);
    await stop();
  });

  it('stays accused while its function goes on in spite of its signal: it may still end the process', async () => {
    const { state, held, stop } = await loseFour([], false);
    assert.deepEqual(held, [['p1', 'poison', 'AORTA_ENGINE_007']]);
    assert.deepEqual(applied(state), [2]);
    await stop();
  });

  it('is not accused by the process that claims the lane again while the function goes on', async () => {
    const { clock, state, world, worker, put } = await start();
    world.heeds = false;
    const first = await worker(1);
    put(1, 'p1');
    await clock.advance(1000);
    first.end();
    await clock.advance(100);
    const owner = await worker(2);
    await clock.advance(1000);
    for (let lost = 1; lost <= 4; lost++) {
      const learns = await owner.consumer().expire();
      void learns();
      await clock.advance(10_000);
    }
    assert.deepEqual(await state.heldKeys('taken-over', 10), []);
    const stopping = owner.running.stop();
    await clock.advance(40_000);
    await stopping;
    assert.deepEqual(await notesOf(state), [], 'a stop in good order leaves none');
  });

  it('is not accused where its owner is stopped in good order before it has learnt that the partition is lost', async () => {
    const { clock, state, world, worker, put } = await start();
    world.heeds = false;
    const first = await worker(1);
    put(1, 'p1');
    await clock.advance(1000);
    first.end();
    await clock.advance(100);
    const owner = await worker(2);
    await clock.advance(1000);
    const notes = () => notesOf(state);
    assert.equal((await notes()).length, 1);
    await owner.consumer().expire();
    const stopping = owner.running.stop();
    await clock.advance(40_000);
    await stopping;
    assert.deepEqual(await notes(), []);
  });

  it('is parked like one that ends the process where its try held the loop past the session', async () => {
    const { state, world, held, stop } = await loseFour([31_000]);
    assert.equal(world.tries, 4, 'the first try was not noted, three were');
    assert.deepEqual(held, [['p1', 'poison', 'AORTA_ENGINE_007']]);
    assert.deepEqual(applied(state), [2]);
    await stop();
  });

  it('is counted again before it is parked: a note that was taken back since the claim is no death', async () => {
    const { clock, state, world, worker, put } = await start();
    let owner = await worker(1);
    put(1, 'p1');
    await clock.advance(1000);
    let counted = 0;
    for (let ends = 1; ends <= 4; ends++) {
      owner.end();
      await clock.advance(100);
      if (ends === 4) {
        world.busy = false;
        const read = state.suspects.bind(state);
        state.suspects = async (lane) => {
          counted++;
          const notes = await read(lane);
          assert.equal(notes.length, 3, 'the first try was not noted');
          const [oldest] = notes;
          assert.ok(oldest);
          await state.outlived(lane, oldest.epoch, [oldest.offset]);
          return read(lane);
        };
      }
      owner = await worker(ends + 1);
      await clock.advance(1000);
    }
    assert.equal(counted, 1);
    assert.deepEqual(await state.heldKeys('taken-over', 10), []);
    assert.deepEqual(applied(state), [1]);
    const stopping = owner.running.stop();
    await clock.advance(40_000);
    await stopping;
  });

  it('is parked where one owner ended and two that live have not learnt it yet: nobody can tell that it will not end them', async () => {
    const { world, held } = await endAndTwoCutOff(false);
    assert.deepEqual(held, [['p1', 'poison', 'AORTA_ENGINE_007']]);
    assert.equal(world.tries, 4);
  });

  it('is not parked where one owner ended and one of two that live has learnt it', async () => {
    const { world, held } = await endAndTwoCutOff(true);
    assert.deepEqual(held, []);
    assert.equal(world.tries, 5);
  });
});
