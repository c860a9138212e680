import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { whenAskedToStop } from '../../../benchmarks/runner/asked-to-stop.ts';

/** What happened, in order. */
function worker() {
  const input = new PassThrough();
  const seen: string[] = [];
  const exited = new Promise<void>((resolve) => {
    const stop = async () => {
      seen.push('asked');
      await sleep(50);
      seen.push('left its group');
    };
    whenAskedToStop(input, stop, (code) => {
      seen.push(`exit ${code}`);
      resolve();
    });
  });
  return { input, seen, exited };
}

test('a worker that is asked to stop ends when it has stopped, not when its input ends with the request', async () => {
  const { input, seen, exited } = worker();
  input.end('stop\n');
  await exited;
  await sleep(100);
  assert.deepEqual(seen, ['asked', 'left its group', 'exit 0']);
});

test('an input that ends without a request: the runner is gone, and so is the worker', async () => {
  const { input, seen, exited } = worker();
  input.end();
  await exited;
  assert.deepEqual(seen, ['exit 1']);
});
