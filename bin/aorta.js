#!/usr/bin/env node
// Plain JavaScript: an older system Node reads this file too, and hands over to the Node that the project pins.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const major = Number(process.versions.node.split('.')[0]);

/** What runs flows: its memory is bounded from the start of the process, as these limits cannot be set later. */
const workers = new Set(['start', 'dev']);
const flags = [
  // V8 lets the space of young objects grow to 128 MB without need: most of what a worker allocates dies at once. 32 MB are what Node 22 had.
  '--max-semi-space-size=16',
  // It shrinks to 1 MB in each pause, and grows again only as objects survive: what comes after the pause is collected four times as often,
  // and what is under way then becomes old garbage.
  '--min-semi-space-size=16',
];
const malloc = {
  // glibc keeps a heap for each thread and gives little of it back.
  MALLOC_ARENA_MAX: '2',
  // Named, it stays what it is. By itself it rises to 64 MB with each large buffer that is freed, and so does the size from which a
  // buffer has pages of its own: freed answers of the broker would stay with the process.
  MALLOC_TRIM_THRESHOLD_: '131072',
};

if (major >= 24) {
  if (workers.has(process.argv[2])) lean();
  module.enableCompileCache?.();
  const { main } = await import('../src/cli/main.ts');
  await main(process.argv.slice(2));
} else {
  handOver();
}

/**
 * The same process over again (exec: same id, same files), with limits; docs/performance.md has what each is worth. Who sets one
 * knows better, and is left alone.
 */
function lean() {
  if (process.platform === 'win32' || typeof process.execve !== 'function' || process.channel) return;
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ').replaceAll('_', '-');
  if (given.includes('semi-space-size')) return;
  process.execve(process.execPath, [process.execPath, ...flags, ...process.execArgv, ...process.argv.slice(1)], {
    ...malloc,
    ...process.env,
  });
}

function handOver() {
  const pinned = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
  if (!existsSync(pinned)) {
    console.error(
      `aorta: needs Node 24 or later, this is ${process.version}. Run \`npm ci --ignore-scripts\` in the project: it brings Node 24 along.`,
    );
    process.exit(1);
  }
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
