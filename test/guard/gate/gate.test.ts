import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Bottleneck from 'bottleneck';
import { bottleneckGate, hasNextRequest, hasYieldLoop } from '../../../src/guard/gate/bottleneck.ts';
import { GateFull, type MakeGate } from '../../../src/guard/gate/gate.ts';
import { steppedGate } from '../../../src/guard/gate/stepped.ts';

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Work that ends when it is told to. */
function work() {
  const started: number[] = [];
  const ends: (() => void)[] = [];
  return {
    started,
    end: (index: number) => ends[index]?.(),
    of: (id: number) => () =>
      new Promise<number>((resolve) => {
        started.push(id);
        ends[id] = () => resolve(id);
      }),
  };
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 6_000) throw new Error('did not happen');
    await sleep(5);
  }
}

function suite(name: string, make: MakeGate): void {
  describe(`gate: ${name}`, () => {
    it('runs as many as it has slots, the others in the order of asking', async () => {
      const gate = make(2, 10);
      const { started, end, of } = work();
      const all = [0, 1, 2, 3].map((id) => gate.run(of(id)));
      await until(() => started.length === 2);
      await sleep(20);
      assert.deepEqual(started, [0, 1]);
      assert.deepEqual({ running: gate.running, queued: gate.queued }, { running: 2, queued: 2 });
      end(1);
      await until(() => started.length === 3);
      assert.deepEqual(started, [0, 1, 2]);
      end(0);
      await until(() => started.length === 4);
      end(2);
      end(3);
      assert.deepEqual(await Promise.all(all), [0, 1, 2, 3]);
    });

    it('is free while nobody waits and a slot is left, and nobody goes past those who wait', async () => {
      const gate = make(1, 10);
      const { started, end, of } = work();
      assert.equal(gate.free, true);
      const all = [gate.run(of(0))];
      assert.deepEqual({ free: gate.free, running: gate.running }, { free: false, running: 1 });
      await until(() => started.length === 1);
      all.push(gate.run(of(1)), gate.run(of(2)));
      end(0);
      all.push(gate.run(of(3)));
      for (const id of [1, 2, 3]) {
        await until(() => started.includes(id));
        assert.equal(gate.running, 1);
        end(id);
      }
      await Promise.all(all);
      assert.deepEqual(started, [0, 1, 2, 3]);
      await until(() => gate.free);
    });

    it('refuses the newest when too many wait, and takes calls again afterwards', async () => {
      const gate = make(1, 2);
      const { started, end, of } = work();
      const all = [0, 1, 2].map((id) => gate.run(of(id)));
      await until(() => started.length === 1);
      await assert.rejects(gate.run(of(3)), GateFull);
      end(0);
      await until(() => started.length === 2);
      const late = gate.run(of(4));
      for (const id of [1, 2, 4]) {
        await until(() => started.includes(id));
        end(id);
      }
      await Promise.all([...all, late]);
      assert.deepEqual(started, [0, 1, 2, 4]);
    });

    it('passes on what the work throws, and frees the slot', async () => {
      const gate = make(1, 2);
      await assert.rejects(
        gate.run(async () => {
          throw new RangeError('no');
        }),
        RangeError,
      );
      assert.equal(await gate.run(async () => 7), 7);
    });

    it('has fewer or more slots when told', async () => {
      const gate = make(4, 10);
      const { started, end, of } = work();
      gate.resize(1);
      await sleep(10);
      const all = [0, 1, 2].map((id) => gate.run(of(id)));
      await until(() => started.length === 1);
      await sleep(20);
      assert.equal(started.length, 1);
      gate.resize(3);
      await until(() => started.length === 3);
      for (const id of [0, 1, 2]) end(id);
      await Promise.all(all);
    });
  });
}

suite('bottleneck', bottleneckGate);
suite('without timers', steppedGate);

it('control: bottleneck as it comes takes any number of calls, also with a high-water mark; the gate does not', async () => {
  const never = () => new Promise<void>(() => {});
  const refusedBy = (run: (work: typeof never) => Promise<void>) => {
    let refused = 0;
    for (let i = 0; i < 5_000; i++) run(never).catch(() => refused++);
    return () => refused;
  };
  const raw = new Bottleneck({ maxConcurrent: 1 });
  const marked = new Bottleneck({ maxConcurrent: 1, highWater: 100, strategy: Bottleneck.strategy.OVERFLOW });
  const byRaw = refusedBy((work) => raw.schedule(work));
  const byMarked = refusedBy((work) => marked.schedule(work));
  const gate = bottleneckGate(1, 100);
  const byGate = refusedBy((work) => gate.run(work));
  await sleep(50);
  assert.equal(byRaw(), 0);
  assert.ok(byMarked() < 100, `${byMarked()}: it has not looked at the others yet`);
  assert.equal(byGate(), 5_000 - 101, 'at once');
});

it('finds the internals of bottleneck that it replaces, and is fast with them', async () => {
  assert.equal(hasYieldLoop(new Bottleneck()), true);
  assert.equal(hasNextRequest(new Bottleneck()), true);
  const rate = async (run: (work: () => Promise<void>) => Promise<void>, calls: number) => {
    const started = performance.now();
    let left = calls;
    const caller = async () => {
      while (left-- > 0) await run(async () => {});
    };
    await Promise.all(Array.from({ length: 32 }, caller));
    return calls / (performance.now() - started);
  };
  const ratios: number[] = [];
  // A machine that does something else at that moment decides a single comparison.
  while (ratios.length < 6 && !ratios.some((ratio) => ratio > 3)) {
    const raw = new Bottleneck({ maxConcurrent: 16 });
    const slow = await rate((work) => raw.schedule(work), 200);
    const gate = bottleneckGate(16, 1_000);
    ratios.push((await rate((work) => gate.run(work), 2_000)) / slow);
  }
  assert.ok((ratios.at(-1) ?? 0) > 3, `faster by ${ratios.map((ratio) => ratio.toFixed(1)).join(', ')}`);
});

it('runs calls at once after the wall clock went back; bottleneck as it comes waits for the old time', async (t) => {
  const right = Date.now;
  let step = 0;
  t.mock.method(Date, 'now', () => right() + step);
  const gate = bottleneckGate(1, 10);
  const raw = new Bottleneck({ maxConcurrent: 1 });
  await Promise.all([gate.run(async () => {}), raw.schedule(async () => {})]);
  step = -600_000;
  let late = false;
  const waiting = raw.schedule(async () => {
    late = true;
  });
  waiting.catch(() => {});
  await gate.run(async () => {});
  await sleep(100);
  assert.equal(late, false, 'control');
  await raw.stop({ dropWaitingJobs: true });
});
