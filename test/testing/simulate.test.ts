import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CoPartition } from '../../src/engine/co-partition.ts';
import { GroupCommit } from '../../src/engine/group-commit.ts';
import { HeldList } from '../../src/engine/held-list.ts';
import { Holding } from '../../src/engine/holding.ts';
import { Lane } from '../../src/engine/lane.ts';
import { OffsetTracker } from '../../src/engine/offset-tracker.ts';
import { Turns } from '../../src/engine/turns.ts';
import { type Flow, flow, mapAsync, to } from '../../src/index.ts';
import { type SimulationResult, simulate } from '../../src/testing/index.ts';
import { type Event, event, events, everything, lanes, merged, out, rowsOf } from './flows.ts';

const run = (seed: number, { flow = everything(), ...options }: { flow?: Flow<unknown> } & Record<string, unknown> = {}) =>
  simulate(flow, { seed, event, events: 80, steps: 8, engine: { maxWaitMs: 100 }, ...options });

const seeds = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

async function firstCaught(count: number, options: () => Record<string, unknown> = () => ({})): Promise<SimulationResult | undefined> {
  for (const seed of seeds(1, count)) {
    const result = await run(seed, options());
    if (result.violations.length > 0) return result;
  }
  return undefined;
}

/** Runs with a method replaced by a wrong one, then puts it back. */
async function planted<T extends object>(
  target: T,
  name: string,
  wrong: (right: (...args: never[]) => unknown) => unknown,
  body: () => Promise<void>,
): Promise<void> {
  const own = Object.getOwnPropertyDescriptor(target, name) as PropertyDescriptor;
  const right = (own.value ?? own.get) as (...args: never[]) => unknown;
  Object.defineProperty(target, name, own.get ? { ...own, get: wrong(right) as () => unknown } : { ...own, value: wrong(right) });
  try {
    await body();
  } finally {
    Object.defineProperty(target, name, own);
  }
}

describe('simulator', () => {
  it('finds no violation over seeds of crashes, rebalances, lost replies, pauses and clock jumps', async () => {
    for (const seed of seeds(1, 40)) {
      const { violations, script } = await run(seed);
      assert.deepEqual(violations, [], `seed ${seed}:\n${script.join('\n')}`);
    }
  });

  it('runs asynchronous flows too', async () => {
    for (const seed of seeds(500, 15)) {
      const calls = flow('calls')
        .from(events)
        .pipe(
          mapAsync('call', async (e: Event) => e),
          to(out),
        );
      const { violations, script } = await simulate(calls, { seed, event, events: 60, steps: 6 });
      assert.deepEqual(violations, [], `seed ${seed}:\n${script.join('\n')}`);
    }
  });

  it('finds none in a flow that several sources feed: one turn at a time, one actor, an applied set for each source', async () => {
    for (const seed of seeds(1000, 25)) {
      const { violations, script } = await run(seed, { flow: merged(), check: rowsOf('main') });
      assert.deepEqual(violations, [], `seed ${seed}:\n${script.join('\n')}`);
    }
  });

  it('finds none in independent lanes, over one source and over two', async () => {
    for (const seed of seeds(2000, 30)) {
      const { violations, script } = await run(seed, { flow: lanes(seed % 2 === 0 ? 1 : 2), check: rowsOf('ehr', 'wards') });
      assert.deepEqual(violations, [], `seed ${seed}:\n${script.join('\n')}`);
    }
  });

  it('gives the same trace for the same seed', async () => {
    const [a, b, c] = [await run(7), await run(7), await run(8)];
    assert.equal(a.trace, b.trace);
    assert.notEqual(a.trace, c.trace);
  });
});

describe('planted bugs are caught', () => {
  const caught = async (name: string) => {
    const result = await firstCaught(60);
    assert.ok(result, `${name} was not caught within 60 seeds`);
  };

  it('the store lets a stale epoch in', async () => {
    const result = await firstCaught(60, () => ({ unfenced: true }));
    assert.ok(result, 'not caught within 60 seeds');
  });
  it('lanes with one owner are fenced each for itself', async () => {
    const result = await firstCaught(150, () => ({ flow: merged(), check: rowsOf('main'), fencedAlone: true }));
    assert.ok(result, 'not caught within 150 seeds');
  });
  it('each source has mailboxes of its own', () =>
    planted(
      CoPartition.prototype,
      'join',
      () =>
        function (this: CoPartition, lane: never) {
          this.lanes.push(lane);
          return { mailboxes: new Map(), idle: new Map(), lanes: [lane] };
        },
      async () => {
        const result = await firstCaught(60, () => ({ flow: merged(), check: rowsOf('main') }));
        assert.ok(result, 'two turns at once were not caught within 60 seeds');
      },
    ));
  it('rows of a patient are written source by source', () =>
    planted(
      Lane.prototype,
      'buildGroup',
      (right) =>
        function (this: Lane, items: never) {
          return right.call(this, items, items);
        },
      async () => {
        const result = await firstCaught(150, () => ({ flow: merged(), check: rowsOf('main') }));
        assert.ok(result, 'not caught within 150 seeds');
      },
    ));
  it('an input is forgotten between its turn and its lane', () =>
    planted(
      Holding.prototype,
      'arrived',
      (right) => {
        let n = 0;
        return function (this: Holding, row: never) {
          if (++n % 17 !== 0) return right.call(this, row);
        };
      },
      async () => {
        const result = await firstCaught(60, () => ({ flow: lanes(1), check: rowsOf('ehr', 'wards') }));
        assert.ok(result, 'not caught within 60 seeds');
      },
    ));
  it('the committed offset passes what is not settled', () =>
    planted(
      OffsetTracker.prototype,
      'settledWatermark',
      () =>
        function (this: OffsetTracker & { end?: number }) {
          return this.snapshot().watermark + 3;
        },
      () => caught('commit past an incomplete'),
    ));
  it('the applied set forgets its runs', () =>
    planted(
      OffsetTracker.prototype,
      'snapshot',
      (right) =>
        function (this: OffsetTracker) {
          return { ...(right.call(this) as object), runs: [] };
        },
      () => caught('forgotten runs'),
    ));
  it('the applied set runs ahead of what is durable', () =>
    planted(
      OffsetTracker.prototype,
      'snapshot',
      (right) =>
        function (this: OffsetTracker) {
          const set = right.call(this) as { watermark: number };
          return { ...set, watermark: set.watermark + 1 };
        },
      () => caught('watermark too high'),
    ));
  it('what was applied before is run again', () =>
    planted(
      OffsetTracker.prototype,
      'wasApplied',
      () => () => false,
      () => caught('applied set ignored'),
    ));
  it('new envelopes overtake held ones', () =>
    planted(
      HeldList.prototype,
      'get',
      () => () => undefined,
      () => caught('held list ignored'),
    ));
  it('a root is settled before its group is durable', () =>
    planted(
      Turns.prototype,
      'finish',
      (right) =>
        function (this: Turns, turn: never) {
          const { entry } = (turn as { root: { entry?: { settled: boolean; applied: boolean } } }).root;
          if (entry) entry.settled = entry.applied = true;
          return right.call(this, turn);
        },
      () => caught('ack early'),
    ));
  it('a group is dropped when the store does not answer', () =>
    planted(
      GroupCommit.prototype,
      'push',
      (right) => {
        let n = 0;
        return function (this: GroupCommit, item: never) {
          if (++n % 37 !== 0) return right.call(this, item);
        };
      },
      () => caught('dropped item'),
    ));
});
