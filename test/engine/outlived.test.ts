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
