import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Linger } from '../../src/engine/linger.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

describe('when emissions leave', () => {
  function make() {
    const clock = new VirtualClock();
    const state = { busy: false, sent: [] as string[] };
    const linger = new Linger(clock, () => state.busy);
    return { clock, state, linger, wait: (name: string, bytes: number) => linger.wait(() => state.sent.push(name), bytes) };
  }

  it('at once, and together, where no turn is ready', async () => {
    const { clock, state, wait } = make();
    wait('a', 10);
    wait('b', 10);
    assert.deepEqual(state.sent, []);
    await clock.advance(0);
    assert.deepEqual(state.sent, ['a', 'b']);
  });

  it('while turns are ready: not before enough of it is there, or nothing is ready any more', async () => {
    const { clock, state, linger, wait } = make();
    state.busy = true;
    wait('a', 1000);
    await clock.advance(10);
    linger.more(500_000);
    assert.deepEqual(state.sent, []);
    linger.more(600_000);
    await clock.advance(0);
    assert.deepEqual(state.sent, ['a']);
    wait('b', 1000);
    await clock.advance(10);
    assert.deepEqual(state.sent, ['a']);
    linger.idle();
    assert.deepEqual(state.sent, ['a', 'b']);
    linger.idle();
    assert.deepEqual(state.sent, ['a', 'b']);
  });

  it('after 20 ms at the latest, counted from the one that waits longest', async () => {
    const { clock, state, wait } = make();
    state.busy = true;
    wait('a', 1);
    await clock.advance(15);
    wait('b', 1);
    await clock.advance(4);
    assert.deepEqual(state.sent, []);
    await clock.advance(1);
    assert.deepEqual(state.sent, ['a', 'b']);
    wait('c', 1);
    await clock.advance(19);
    assert.deepEqual(state.sent, ['a', 'b']);
    await clock.advance(1);
    assert.deepEqual(state.sent, ['a', 'b', 'c']);
  });

  it('one that waits again while the others are sent comes with the next', async () => {
    const { clock, state, linger } = make();
    state.busy = true;
    let again = 3;
    const send = () => {
      state.sent.push(`a${again}`);
      if (again-- > 1) linger.wait(send, 1);
    };
    linger.wait(send, 1);
    linger.idle();
    assert.deepEqual(state.sent, ['a3']);
    linger.idle();
    assert.deepEqual(state.sent, ['a3', 'a2']);
    await clock.advance(20);
    assert.deepEqual(state.sent, ['a3', 'a2', 'a1']);
    await clock.advance(1000);
    assert.equal(state.sent.length, 3);
  });

  it('goes at once when turns end between its look and its time', async () => {
    const { clock, state, linger, wait } = make();
    state.busy = true;
    wait('a', 1);
    state.busy = false;
    linger.more(1);
    await clock.advance(0);
    assert.deepEqual(state.sent, ['a']);
  });

  it('at once the second time as well, and what comes at the same moment with it', async () => {
    const { clock, state, linger, wait } = make();
    for (const name of ['a', 'b', 'c']) {
      wait(name, 1);
      // The run queue comes to its end before the callback does.
      if (name === 'b') linger.idle();
      await clock.advance(0);
      assert.equal(state.sent.at(-1), name);
    }
    assert.equal(clock.pending, 0);
  });
});
