import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startProduct } from './support/product.ts';

const data = mkdtempSync(join(tmpdir(), 'aorta-held-open-'));
after(() => rmSync(data, { recursive: true, force: true }));

test('a handle that stays open does not keep a stopped worker, and is named', { timeout: 300_000 }, async () => {
  // Threads of the worker load it too, and end only when nothing is open.
  const forgotten = "data:text/javascript,import{isMainThread}from'node:worker_threads';if(isMainThread)setInterval(()=>{},1000)";
  let logged = '';
  // On a machine that is too busy the stop itself may be late, and ends the process in its own way.
  for (let tries = 0; tries < 4 && !logged.includes('worker.stopped'); tries++) {
    const product = await startProduct({ data, nodeOptions: ['--import', forgotten], env: { LOG_LEVEL: 'info' } });
    try {
      product.kill('SIGTERM');
      assert.deepEqual(await product.exited, { code: 0, signal: null });
      logged = product.stderr();
    } finally {
      await product.dispose();
    }
  }
  assert.match(logged, /"reason":"[^"]*Timeout[^"]*","msg":"worker.held-open"/);
});

test("a worker's space of young objects and its allocator are bounded, unless somebody chose their limits", {
  timeout: 400_000,
}, async () => {
  const flagsOf = (pid: number) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      .split('\0')
      .filter((part) => /^--m(ax|in)-semi|pretenuring/.test(part));
  for (const [chosen, env, expected, trim] of [
    [[], {}, ['--max-semi-space-size=16', '--min-semi-space-size=16', '--no-allocation-site-pretenuring'], '131072'],
    [
      ['--max-semi-space-size=4'],
      { MALLOC_TRIM_THRESHOLD_: '65536' },
      ['--no-allocation-site-pretenuring', '--max-semi-space-size=4'],
      '65536',
    ],
  ] as const) {
    const product = await startProduct({ data, nodeOptions: chosen, env });
    try {
      assert.deepEqual(flagsOf(product.pid), expected);
      const environment = readFileSync(`/proc/${product.pid}/environ`, 'utf8').split('\0');
      assert.ok(environment.includes(`MALLOC_TRIM_THRESHOLD_=${trim}`));
    } finally {
      await product.dispose();
    }
  }
});
