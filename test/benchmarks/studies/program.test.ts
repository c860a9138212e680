import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Progress } from '../../../benchmarks/runner/progress.ts';
import { program } from '../../../benchmarks/studies/program.ts';

const benchmarks = join(import.meta.dirname, '../../../benchmarks');
const folder = mkdtempSync(join(tmpdir(), 'aorta-bench-program-'));
const script = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return relative(benchmarks, join(folder, name));
};
const lines: string[] = [];
const given = (signal = new AbortController().signal) => ({ progress: new Progress({ write: (text) => void lines.push(text) }), signal });
const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('a program that measures by itself', () => {
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('hands over its documents and its exit code; other lines are progress', async () => {
    const file = script(
      'tells.ts',
      `console.log('{"a":1}'); console.log('half way'); console.log(JSON.stringify({ args: process.argv.slice(2) })); process.exitCode = 3;`,
    );
    assert.deepEqual(await program(file, ['--x', '1'], given()), { code: 3, documents: [{ a: 1 }, { args: ['--x', '1'] }] });
    assert.ok(lines.some((line) => line.includes('half way')));
  });

  it('may fork: what watches over the runner is in the program alone', async () => {
    const file = script(
      'forks.ts',
      `import { fork } from 'node:child_process';
       if (process.argv[2] === 'fork') setTimeout(() => process.send('alive', () => process.exit(0)), 300);
       else fork(import.meta.filename, ['fork'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
         .once('message', (message) => console.log(JSON.stringify({ message })));`,
    );
    assert.deepEqual((await program(file, [], given())).documents, [{ message: 'alive' }]);
  });

  it('fails with what it said when it tells nothing', async () => {
    const file = script('fails.ts', `console.error('no broker'); process.exit(1);`);
    await assert.rejects(program(file, [], given()), /exit code 1 and no figures\nno broker/);
  });

  it('is interrupted with all that it started, and has time to let go', async () => {
    const pids = join(folder, 'pids');
    const file = script(
      'waits.ts',
      `import { spawn } from 'node:child_process'; import { writeFileSync } from 'node:fs';
       const child = spawn('sleep', ['600']);
       process.on('SIGINT', () => { writeFileSync(${JSON.stringify(join(folder, 'let-go'))}, 'yes'); process.exit(130); });
       writeFileSync(${JSON.stringify(pids)}, process.pid + ' ' + child.pid);
       setInterval(() => undefined, 1000);`,
    );
    const interrupt = new AbortController();
    const running = program(file, [], given(interrupt.signal));
    running.catch(() => undefined);
    let started: readonly number[] = [];
    for (let i = 0; i < 600 && started.length < 2; i++) {
      await sleep(50);
      try {
        started = readFileSync(pids, 'utf8').split(' ').filter(Boolean).map(Number);
      } catch {
        // Not yet.
      }
    }
    assert.equal(started.length, 2);
    interrupt.abort();
    await assert.rejects(running, { name: 'AbortError' });
    assert.equal(readFileSync(join(folder, 'let-go'), 'utf8'), 'yes');
    for (let i = 0; i < 200 && started.some(isThere); i++) await sleep(50);
    assert.deepEqual(started.filter(isThere), []);
  });
});
