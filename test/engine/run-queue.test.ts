import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '../../src/clock/clock.ts';
import type { Lane } from '../../src/engine/lane.ts';
import { Mailbox } from '../../src/engine/mailbox.ts';
import { RunQueue } from '../../src/engine/run-queue.ts';

describe('the run queue', () => {
  /** A clock that synchronous work moves. */
  function make() {
    let time = 0;
    const soon: (() => void)[] = [];
    const clock: Clock = { now: () => time, monotonic: () => time, after: () => () => {}, soon: (fn) => void soon.push(fn) };
    const told: { nodes: readonly string[]; ms: number }[] = [];
    const queue = new RunQueue(clock, { maxRunning: 10, sliceMs: 2, blocked: (nodes, ms) => told.push({ nodes, ms }) });
    const lane = (node: string, ms: number) =>
      ({
        turns: {
          at: node,
          next: () => {
            time += ms;
          },
        },
      }) as unknown as Lane;
    const run = (slices = Number.POSITIVE_INFINITY) => {
      for (let i = 0; i < slices && soon.length > 0; i++) soon.shift()?.();
    };
    return { clock, queue, lane, run, told };
  }

  it('names the operators in question when synchronous work held the event loop for a second', () => {
    const { queue, lane, run, told } = make();
    for (let i = 0; i < 9; i++) queue.ready(lane('quick', 0.1), new Mailbox(`p${i}`));
    run();
    assert.deepEqual(told, []);
    queue.ready(lane('slow', 1500), new Mailbox('p10'));
    run();
    assert.deepEqual(told, [{ nodes: ['slow'], ms: 1500 }]);
    for (const node of ['a', 'b', 'c', 'd']) queue.ready(lane(node, node === 'c' ? 2000 : 0), new Mailbox(node));
    run();
    assert.deepEqual(told.at(-1), { nodes: ['a', 'b', 'c', 'd'], ms: 2000 });
  });

  it('looks at everybody once and in order, over many slices and with more who become ready meanwhile', () => {
    const { queue, lane, run } = make();
    const looked: string[] = [];
    const { turns } = lane('ward', 0.1);
    const ward = {
      turns: {
        at: 'ward',
        next: (mailbox: Mailbox) => {
          turns.next(mailbox);
          looked.push(mailbox.key);
          if (looked.length <= 5000) queue.ready(ward, new Mailbox(`later${looked.length}`));
        },
      },
    } as unknown as Lane;
    const ready = (from: number, to: number) => {
      const keys = Array.from({ length: to - from }, (_, i) => `p${from + i}`);
      for (const key of keys) queue.ready(ward, new Mailbox(key));
      return keys;
    };
    const first = ready(0, 10_000);
    const twice = new Mailbox('twice');
    queue.ready(ward, twice);
    queue.ready(ward, twice);
    run();
    assert.deepEqual(looked, [...first, 'twice', ...Array.from({ length: 5000 }, (_, i) => `later${i + 1}`)]);
    assert.equal(queue.waiting, false);
    looked.length = 5001;
    const second = ready(10_000, 10_100);
    run();
    assert.deepEqual(looked.slice(5001), second);
  });

  it('is not stalled while its slice is held back, however long nobody was ready before; it is where that never comes', () => {
    let time = 0;
    const held: (() => void)[] = [];
    const clock: Clock = { now: () => time, monotonic: () => time, after: () => () => {}, soon: () => {} };
    const queue = new RunQueue(clock, { maxRunning: 10, sliceMs: 2, pace: { soon: (fn) => void held.push(fn) } });
    const lane = { turns: { at: 'ward', next: () => {} } } as unknown as Lane;
    queue.ready(lane, new Mailbox('p1'));
    held.shift()?.();
    time += 3_600_000;
    queue.ready(lane, new Mailbox('p2'));
    time += 100;
    assert.equal(queue.stalled, false);
    time += 60_000;
    assert.equal(queue.stalled, true);
  });

  it('is crowded from the most that may be ready until half of them are left, and says so once', () => {
    const { clock, run, lane } = make();
    let eased = 0;
    const queue = new RunQueue(clock, {
      ...{ maxRunning: 10, sliceMs: 2, mostReady: 8 },
      eased: () => {
        assert.equal(queue.crowded, false);
        eased++;
      },
    });
    const ward = lane('ward', 1);
    for (let i = 0; i < 7; i++) queue.ready(ward, new Mailbox(`p${i}`));
    assert.equal(queue.crowded, false);
    queue.ready(ward, new Mailbox('p7'));
    assert.equal(queue.crowded, true);
    run(1);
    assert.deepEqual([queue.crowded, eased], [false, 1]);
    run();
    assert.deepEqual([queue.crowded, eased], [false, 1]);
  });

  it('is idle when a slice ends and none follows: nobody is ready, or too many turns wait', async () => {
    const { clock, run } = make();
    let idle = 0;
    const queue = new RunQueue(clock, { maxRunning: 2, sliceMs: 2, idle: () => idle++ });
    const lane = { turns: { at: 'ward', next: () => {} } } as unknown as Lane;
    const asynchronous = { turns: { at: 'ward', next: () => queue.running(1) } } as unknown as Lane;
    queue.ready(lane, new Mailbox('p1'));
    assert.equal(idle, 0);
    run();
    await null;
    assert.equal(idle, 1);
    for (let i = 0; i < 3; i++) queue.ready(asynchronous, new Mailbox(`p${i}`));
    run();
    await null;
    assert.deepEqual([idle, queue.waiting], [2, false]);
    queue.running(-1);
    run();
    await null;
    assert.deepEqual([idle, queue.count], [3, 2]);
  });

  it('is not idle when who was eased gives more at once', async () => {
    const { clock, run } = make();
    const told: string[] = [];
    const lane = { turns: { at: 'ward', next: () => {} } } as unknown as Lane;
    const fill = () => {
      for (let i = 0; i < 3; i++) queue.ready(lane, new Mailbox(`p${i}`));
    };
    let more = 2;
    const queue: RunQueue = new RunQueue(clock, {
      ...{ maxRunning: 2, sliceMs: 2, mostReady: 2, idle: () => told.push('idle') },
      eased: () => {
        told.push('eased');
        // As the fetcher does: not from inside the call.
        if (more-- > 0) queueMicrotask(fill);
      },
    });
    fill();
    for (let turn = 0; turn < 4; turn++) {
      run();
      await null;
      await null;
    }
    assert.deepEqual(told, ['eased', 'eased', 'eased', 'idle']);
  });
});
