#!/usr/bin/env node
// Plain JavaScript: an older system Node reads this file too, and hands over to the Node that the project pins.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';
import { flags, malloc } from './limits.js';

const major = Number(process.versions.node.split('.')[0]);

/** What runs flows: its memory is bounded. */
const workers = new Set(['start', 'dev']);

if (major >= 24) {
  if (workers.has(process.argv[2])) lean();
  module.enableCompileCache?.();
  const { main } = await import('../src/cli/main.ts');
  await main(process.argv.slice(2));
} else {
  handOver();
}

/**
 * The same process over again (exec: same id, same files), with limits. Who sets the space of young objects knows better, and keeps it.
 */
function lean() {
  if (process.platform === 'win32' || typeof process.execve !== 'function' || process.channel) return;
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ').replaceAll('_', '-');
  const own = given.includes('semi-space-size') ? flags.filter((flag) => !flag.includes('semi-space-size')) : flags;
  const missing = own.filter((flag) => !given.includes(flag));
  if (missing.length === 0) return;
  process.execve(process.execPath, [process.execPath, ...missing, ...process.execArgv, ...process.argv.slice(1)], {
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
