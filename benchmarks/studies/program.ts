import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Given } from '../contract/study.ts';

const root = join(import.meta.dirname, '../..');

/** Milliseconds that a program has to let go of its brokers and processes. */
const patienceMs = 60_000;

export interface Ended {
  readonly code: number;
  /** Documents that it wrote, a line each. */
  readonly documents: readonly unknown[];
}

/**
 * Runs a program of `benchmarks/` that measures by itself, and collects the JSON documents that it writes. It leads a process
 * group of its own, so that an interrupt of the terminal reaches it through the runner only, and once: the group gets SIGINT,
 * and is killed if it has not let go in time. If the runner is gone, the program's input ends, and the group ends itself
 * (`orphan.ts`).
 *
 * Rejects when it ends without a document, or the run is interrupted.
 */
export async function program(
  file: string,
  args: readonly string[],
  { progress, signal }: Pick<Given, 'progress' | 'signal'>,
): Promise<Ended> {
  signal.throwIfAborted();
  const flags = ['--disable-warning=ExperimentalWarning', '--disable-warning=TimeoutNegativeWarning'];
  const watch = ['--import', new URL('./orphan.ts', import.meta.url).href];
  const child = spawn(process.execPath, [...flags, ...watch, join(root, 'benchmarks', file), ...args], {
    cwd: root,
    env: { ...process.env, BENCH_LEADER: '1' },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const documents: unknown[] = [];
  const said: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const document = line.startsWith('{') ? parsed(line) : undefined;
    if (document === undefined) progress.say(`  ${line}`);
    else documents.push(document);
  });
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line);
    if (said.length > 20) said.shift();
    progress.say(`  ${line}`);
  });
  const kill = (how: NodeJS.Signals): void => {
    try {
      process.kill(-(child.pid as number), how);
    } catch {
      // The group is gone.
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const interrupt = (): void => {
    kill('SIGINT');
    timer = setTimeout(() => kill('SIGKILL'), patienceMs);
  };
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status, by) => resolve(status ?? (by ? 1 : 0)));
    });
    // Whatever it left behind in its group.
    kill('SIGKILL');
    signal.throwIfAborted();
    if (documents.length === 0) throw new Error(`${file} ended with exit code ${code} and no figures\n${said.join('\n')}`);
    return { code, documents };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', interrupt);
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
