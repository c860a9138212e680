import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../../src/clock/system.ts';
import { SuspectGate } from '../../src/engine/suspect-gate.ts';
import { flow, map, mapAsync, pipe, tee } from '../../src/index.ts';
import type { ClaimedLane } from '../../src/state/port.ts';
import { TestDriver } from '../../src/testing/index.ts';
import { applied, type Event, events, seen } from './review-support.ts';

const one = (key: string, n: number, kind = 'x') => ({ key, value: { n, kind } });

/** A record of kind `kills` ends the process while `lethal`. */
async function start() {
  const world = { lethal: true, hit: false };
  const driver: TestDriver<Event> = await TestDriver.start<Event>(
    flow('forgotten')
      .from(events)
      .pipe(
        mapAsync('work', async (e: Event) => {
          if (e.kind === 'kills' && world.lethal) {
            world.hit = true;
            await sleep(driver.clock, 1_000_000);
          }
          return e;
        }),
        seen(),
      ),
    { engine: { suspects: 4 } },
  );
  /** Lets the process end each time it runs, until it does not any more. */
  const ends = async (most: number): Promise<number> => {
    for (let count = 0, steps = 0; ; steps++) {
      await driver.advance(100);
      if (steps > 100) return count;
      if (!world.hit) continue;
      world.hit = false;
      if (count++ === most - 1) world.lethal = false;
      await driver.crash();
    }
  };
  return { driver, world, ends };
}

/** The lanes as the store has them. */
async function claims(driver: TestDriver<Event>, work: () => Promise<void>): Promise<readonly ClaimedLane[]> {
  const claim = driver.state.claim.bind(driver.state);
  const claimed: ClaimedLane[] = [];
  driver.state.claim = async (ref, partitions) => {
    const lane = await claim(ref, partitions);
    claimed.push(lane);
    return lane;
  };
  await work();
  driver.state.claim = claim;
  return claimed;
}

describe('the deaths of a record that is settled', () => {
  it('are forgotten: its lane lets records pass by again, and later deaths count from nothing', async () => {
    const { driver, world, ends } = await start();
    await driver.send(one('p1', 0, 'kills'), one('p1', 1), one('p1', 2));
    assert.equal(await ends(2), 2, 'it has one death that was noted, and runs now');
    assert.deepEqual(applied(driver.state), [0, 1, 2]);
    const { push } = SuspectGate.prototype;
    let queued = 0;
    SuspectGate.prototype.push = function (root) {
      queued++;
      push.call(this, root);
    };
    try {
      // The first one shows that the log is beyond what was under way.
      await driver.send(one('p1', 3));
      await driver.send(...Array.from({ length: 20 }, (_, i) => one('p1', 4 + i)));
    } finally {
      SuspectGate.prototype.push = push;
    }
    assert.ok(queued <= 1, `${queued} records went by the queue`);
    assert.equal(applied(driver.state).length, 24);
    const lanes = await claims(driver, () => driver.restart());
    assert.ok(lanes.every(({ clean, suspects }) => clean && suspects.length === 0));

    world.lethal = true;
    await driver.send(one('p2', 100, 'kills'), one('p1', 101));
    assert.equal(await ends(10), 4, 'the first end was not noted, three were');
    assert.deepEqual(
      (await driver.held()).map((held) => [held.key, held.head.reason]),
      [['p2', 'poison']],
    );
    assert.deepEqual(applied(driver.state).slice(24), [101]);
    await driver.stop();
  });

  it('a note that nothing will remove any more is removed by the next owner', async () => {
    const { driver } = await start();
    await driver.send(one('p1', 0), one('p1', 1));
    await driver.advance(1000);
    const group = driver.state.journal.findLast((g) => g.effects.length > 0);
    assert.ok(group);
    await driver.stop();
    // As a merge left it that took a row along.
    const { epoch } = await driver.state.claim(group.lane, 4);
    const note = { offset: 0, note: 'begun' as const };
    await driver.state.transact([{ ...group, epoch, group: 1000, effects: [], outbox: [], suspects: [note] }]);
    await driver.restart();
    await driver.advance(1000);
    const lanes = await claims(driver, () => driver.restart());
    assert.deepEqual(
      lanes.flatMap(({ suspects }) => suspects),
      [],
    );
    await driver.stop();
  });
});

describe('an independent lane', () => {
  it('is given back in good order once what it had at an unclean end is through', async () => {
    const copied = pipe(
      map('copied', (e: Event) => e),
      seen(),
    );
    const driver = await TestDriver.start<Event>(
      flow('through')
        .from(events)
        .pipe(tee({ copied }, { lanes: 'independent' })),
    );
    await driver.send(one('p1', 0));
    await driver.crash();
    await driver.send(one('p1', 1), ...Array.from({ length: 12 }, (_, i) => one(`q${i}`, 2)));
    await driver.advance(1000);
    const lanes = await claims(driver, () => driver.restart());
    assert.ok(lanes.length > 4);
    assert.deepEqual(
      lanes.map(({ clean }) => clean),
      lanes.map(() => true),
    );
    await driver.stop();
  });
});
