/**
 * `npm run fuzz -- [--rounds N] [--seconds S] [files…]`: runs the test files that use fast-check again and again, each
 * round with a fresh seed, and prints the seeds that fail with the command that repeats them.
 *
 *   --rounds N     that many rounds (default 10; without a limit when --seconds is given)
 *   --seconds S    no round begins later than that
 *   files          files or globs of test files (default: all that use fast-check)
 *
 * Exit code 0: no seed failed; 3: one did; 2: the options are wrong; 1: it could not run. Ctrl-C ends with what was done.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { servicesDown } from '../src/services/down.ts';
import type { ServiceName } from '../src/services/service.ts';
import { servicesUp } from '../src/services/up.ts';
import { failedFiles, failures, fuzzed } from './fuzz-files.ts';

process.chdir(resolve(import.meta.dirname, '..'));

const { rounds, seconds, files } = options();
const ends = Date.now() + seconds * 1000;
const say = (text: string) => process.stdout.write(`${text}\n`);

let running: ChildProcess | undefined;
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted = true;
    running?.kill(signal);
  });
}

const started: ServiceName[] = [];
const toStderr = (service: string, line: string) => process.stderr.write(`${service.padEnd(9)} ${line}\n`);
let done = 0;
const failed: number[] = [];
process.exitCode = 1;
try {
  // Up once: each round would start them again.
  await servicesUp({ say: toStderr, onStarted: (service) => started.push(service) });
  for (let round = 1; round <= rounds && Date.now() < ends && !interrupted; round++) {
    const seed = randomInt(2 ** 31);
    const began = Date.now();
    const { code, output } = await run(seed);
    if (interrupted) break;
    done++;
    const counts = /^(\d+ passed, \d+ failed)$/m.exec(output)?.[1] ?? 'no result';
    say(`round ${round}  FUZZ_SEED=${seed}  ${counts}  ${Math.round((Date.now() - began) / 1000)} s`);
    if (code === 0) continue;
    failed.push(seed);
    say(failures(output));
    const again = failedFiles(output);
    for (const file of again.length > 0 ? again : files) say(`  FUZZ_SEED=${seed} npm test -- ${file}`);
  }
  process.exitCode = failed.length > 0 ? 3 : done > 0 ? 0 : 1;
} finally {
  if (started.length > 0) await servicesDown({ only: started, say: toStderr });
  say(`\n${files.length} files, ${done} rounds, ${failed.length} failing seeds${failed.length > 0 ? `: ${failed.join(', ')}` : ''}`);
}

function options(): { rounds: number; seconds: number; files: readonly string[] } {
  const wrong = (problem: string): never => {
    process.stderr.write(`fuzz: ${problem}\nusage: npm run fuzz -- [--rounds N] [--seconds S] [files…]\n`);
    process.exit(2);
  };
  const amount = (name: string, text: string | undefined, otherwise: number): number => {
    if (text === undefined) return otherwise;
    return /^[1-9]\d*$/.test(text) ? Number(text) : wrong(`--${name} needs a number above 0, not ${text}`);
  };
  try {
    const { values, positionals } = parseArgs({
      options: { rounds: { type: 'string' }, seconds: { type: 'string' } },
      allowPositionals: true,
    });
    const seconds = amount('seconds', values.seconds, Number.POSITIVE_INFINITY);
    const rounds = amount('rounds', values.rounds, values.seconds === undefined ? 10 : Number.POSITIVE_INFINITY);
    const files = positionals.length > 0 ? positionals.flatMap((pattern) => globSync(pattern)).sort() : fuzzed();
    return { rounds, seconds, files: files.length > 0 ? files : wrong('no such file') };
  } catch (thrown) {
    return wrong((thrown as Error).message);
  }
}

/** One round, in a process of its own: the tests as `npm test` runs them. */
async function run(seed: number): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, ['scripts/test.ts', ...files], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, FUZZ_SEED: String(seed) },
  });
  running = child;
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  child.stderr.on('data', (part: Buffer) => parts.push(part));
  const code = await new Promise<number>((resolve) => child.once('close', (status) => resolve(status ?? 1)));
  return { code, output: Buffer.concat(parts).toString() };
}
