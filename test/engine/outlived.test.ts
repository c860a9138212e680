import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '../../src/clock/clock.ts';
import { Outlived } from '../../src/engine/outlived.ts';
import { AortaError } from '../../src/errors/index.ts';
import type { State } from '../../src/state/port.ts';
import { seededRandom, VirtualClock } from '../../src/testing/virtual-clock.ts';

const lane = { flow: 'f', lane: 'main', topic: 't', partition: 0 };

/** A store of which only `outlived` is asked. */
const store = (outlived: State['outlived']) => ({ outlived }) as unknown as State;

describe('tries that a process has outlived', () => {
  it('are told again until the store answers, and known meanwhile', async () => {
    const clock = new VirtualClock();
    let calls = 0;
    const away = async () => {
      if (++calls < 4) throw new AortaError('AORTA_STATE_006', 'Transient', 'away');
    };
    const outlived = new Outlived(store(away), clock, seededRandom(1), () => {});
    outlived.tell(lane, 3, [7]);
    assert.ok(outlived.has(lane, 3, 7));
    assert.ok(!outlived.has(lane, 4, 7));
    const told = outlived.told();
    await clock.advance(60_000);
    await told;
    assert.equal(calls, 4);
    assert.ok(!outlived.has(lane, 3, 7));
  });

  it('whose functions go on are forgotten from the oldest on when there are too many: a stop leaves their notes', async () => {
    const clock = new VirtualClock();
    const told: number[] = [];
    const outlived = new Outlived(
      store(async (_lane, _epoch, offsets) => {
        told.push(...offsets);
      }),
      clock,
      seededRandom(1),
      () => {},
    );
    for (let offset = 0; offset < 1003; offset++) outlived.runsOn(lane, 3, offset);
    assert.deepEqual([outlived.has(lane, 3, 2), outlived.has(lane, 3, 3)], [false, true]);
    await outlived.told();
    assert.deepEqual([told.length, Math.min(...told)], [1000, 3]);
  });

  it('are one with that of a later owner in the same process, which is told when their functions have ended', async () => {
    const clock = new VirtualClock();
    const told: number[] = [];
    const outlived = new Outlived(
      store(async (_lane, epoch) => {
        told.push(epoch);
      }),
      clock,
      seededRandom(1),
      () => {},
    );
    const ended = outlived.runsOn(lane, 3, 7);
    outlived.runsOn(lane, 3, 8);
    let heirs = 0;
    assert.equal(
      outlived.adopt(lane, 4, 7, () => heirs++),
      1,
    );
    await clock.advance(10);
    assert.deepEqual([told, heirs], [[3], 0]);
    ended();
    ended();
    assert.equal(heirs, 1);
    assert.ok(outlived.has(lane, 3, 8));
  });

  it('leave no timer behind when the worker stops while the store is away', async () => {
    const clock = new VirtualClock();
    let timers = 0;
    const counting: Clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      soon: (fn) => clock.soon(fn),
      after(ms, fn) {
        timers++;
        let open = true;
        const ended = () => {
          if (open) timers--;
          open = false;
        };
        const cancel = clock.after(ms, () => {
          ended();
          fn();
        });
        return () => {
          ended();
          cancel();
        };
      },
    };
    const never = async () => {
      throw new AortaError('AORTA_STATE_006', 'Transient', 'away');
    };
    const outlived = new Outlived(store(never), counting, seededRandom(1), () => {});
    outlived.tell(lane, 1, [1]);
    await clock.advance(17_000);
    assert.equal(timers, 1);
    outlived.stop();
    assert.equal(timers, 0);
  });
});
