import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundGarbage } from '../../src/ops/heap-growth.ts';

/** A process that spends what it is told, under a clock that goes second by second. */
function driven(execArgv: readonly string[] = []) {
  let [now, cpu] = [0, 0];
  let due: (() => void) | undefined;
  const flags: string[] = [];
  const clock = {
    now: () => now,
    monotonic: () => now,
    after: (_: number, fn: () => void) => {
      due = fn;
      return () => {
        due = undefined;
      };
    },
    yield: () => Promise.resolve(),
  };
  const stop = boundGarbage(clock as never, { cpu: () => cpu, setFlag: (flag) => flags.push(flag), execArgv });
  return {
    flags,
    stop,
    get waits() {
      return due !== undefined;
    },
    second(share: number) {
      now += 1000;
      cpu += share * 1_000_000;
      due?.();
    },
  };
}

test('garbage is bounded while the worker has time to spare, and not while it is busy', () => {
  const run = driven();
  run.second(0.2);
  run.second(0.3);
  assert.deepEqual(run.flags, ['--heap-growing-percent=30']);
  for (let i = 0; i < 9; i++) run.second(0.9);
  assert.equal(run.flags.length, 1, 'a burst changes nothing');
  run.second(0.95);
  assert.deepEqual(run.flags, ['--heap-growing-percent=30', '--heap-growing-percent=0']);
  run.second(0.1);
  run.stop();
  assert.deepEqual(run.flags.slice(2), ['--heap-growing-percent=30', '--heap-growing-percent=0']);
  assert.equal(run.waits, false);
});

test('who chose how the heap grows is left alone', () => {
  const run = driven(['--heap_growing_percent=50']);
  assert.equal(run.waits, false);
  run.second(0.1);
  assert.deepEqual(run.flags, []);
});
