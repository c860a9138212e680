import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { withLock } from '../../../src/services/machine/lock.ts';
import { isRunning, launch, type ProcessMark, startMark, stop } from '../../../src/services/machine/process.ts';

const dir = mkdtempSync(join(tmpdir(), 'aorta-process-'));
after(() => rmSync(dir, { recursive: true, force: true }));

function start(script: string): Promise<ProcessMark> {
  return launch({ command: process.execPath, args: ['-e', script], cwd: dir, logFile: join(dir, 'log') });
}

test('stop asks first, and kills what does not listen', async () => {
  const polite = await start('setInterval(() => {}, 1000)');
  assert.ok(isRunning(polite));
  assert.equal(await stop(polite, 'SIGTERM'), 'stopped');
  assert.equal(await stop(polite, 'SIGTERM'), 'gone');
  const deaf = await start("process.on('SIGTERM', () => {}); console.log('deaf'); setInterval(() => {}, 1000)");
  while (!readFileSync(join(dir, 'log'), 'utf8').includes('deaf')) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(await stop(deaf, 'SIGTERM', 300), 'killed');
  assert.equal(isRunning(deaf), false);
});

test('another process with the same number is not ours', async () => {
  const mark = await start('setInterval(() => {}, 1000)');
  assert.equal(isRunning({ ...mark, startedAt: `${mark.startedAt}1` }), false);
  assert.equal(await stop({ ...mark, startedAt: '1' }, 'SIGKILL'), 'gone');
  assert.ok(isRunning(mark));
  await stop(mark, 'SIGKILL');
});

test('a command that is not there rejects', async () => {
  await assert.rejects(launch({ command: join(dir, 'none'), args: [], cwd: dir, logFile: join(dir, 'log') }), { code: 'ENOENT' });
});

test('the lock lets one in at a time, and outlives neither its work nor its owner', async () => {
  const order: string[] = [];
  const turn = (name: string) =>
    withLock(dir, async () => {
      order.push(`${name} in`);
      await new Promise((resolve) => setTimeout(resolve, 30));
      order.push(`${name} out`);
    });
  await Promise.all([turn('a'), turn('b'), turn('c')]);
  for (let i = 0; i < order.length; i += 2) assert.equal(order[i]?.replace('in', 'out'), order[i + 1]);
  await assert.rejects(
    withLock(dir, () => Promise.reject(new Error('broke'))),
    /broke/,
  );
  // An owner that died without releasing.
  const lock = JSON.stringify(import.meta.resolve('../../../src/services/machine/lock.ts'));
  const owner = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    `const { withLock } = await import(${lock}); await withLock(${JSON.stringify(dir)}, async () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  await once(owner, 'exit');
  assert.equal(await withLock(dir, async () => 'taken over'), 'taken over');
});

test('a held lock is reported with its owner after the wait', async () => {
  await withLock(dir, async () => {
    await assert.rejects(
      withLock(dir, async () => undefined, 150),
      { code: 'AORTA_SVC_006', details: { file: join(dir, 'lock'), pid: process.pid } },
    );
  });
  assert.ok(startMark(process.pid));
});
