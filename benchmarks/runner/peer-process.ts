import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Launch, Peer } from '../contract/peer.ts';
import { environmentOf, type Task } from '../contract/task.ts';
import { type Usage, usageOf } from './proc.ts';

/** What a round sees of a peer, in one process or several. */
export interface MeasuredPeer {
  ready(withinMs?: number): Promise<void>;
  usage(): Usage;
  readonly figures: Readonly<Record<string, number>>;
  check(): void;
  stop(withinMs?: number): Promise<void>;
}

const quiet = ['--disable-warning=ExperimentalWarning', '--disable-warning=TimeoutNegativeWarning'];

/** A peer in a process of its own, so that its processor time and memory are its own. See peers/README.md. */
export class PeerProcess implements MeasuredPeer {
  readonly #task: Task;
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;
  readonly #exited: Promise<void>;
  readonly #figures = new Map<string, number>();
  /** The last lines of its stderr: what the report of a failure shows. */
  readonly #lines: string[] = [];
  #problem: Error | undefined;
  #stopping = false;

  private constructor(task: Task, { command, args, env }: Launch) {
    this.#task = task;
    this.#child = spawn(command, args, {
      env: { ...process.env, ...environmentOf(task), ...env },
      cwd: join(import.meta.dirname, '../..'),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const { stdin, stdout, stderr } = this.#child;
    // A peer that has ended reads no more.
    stdin?.on('error', () => undefined);
    if (stderr)
      createInterface({ input: stderr }).on('line', (line) => {
        this.#lines.push(line);
        if (this.#lines.length > 20) this.#lines.shift();
      });
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (cause) => {
        this.#fail(cause.message);
        resolve();
      });
      this.#child.once('exit', (code, signal) => {
        // Its last lines, which say why, may still be on their way.
        setTimeout(() => {
          if (!this.#stopping) this.#fail(`it ended by itself (${signal ?? `exit code ${code}`})`);
          resolve();
        }, 100);
      });
    });
    this.#ready = new Promise((resolve) => {
      if (stdout)
        createInterface({ input: stdout }).on('line', (line) => {
          const [word, ...rest] = line.trim().split(' ');
          if (word === 'ready') resolve();
          if (word === 'figure') this.#figures.set(String(rest[0]), Number(rest[1]));
          if (word === 'failed') this.#fail(rest.join(' '));
        });
      // Then `check` says why it will not be.
      void this.#exited.then(resolve);
    });
  }

  /** `signal`: from then on the peer counts as failed, so that nobody goes on waiting for it. */
  static async start(peer: Peer, task: Task, signal?: AbortSignal): Promise<PeerProcess> {
    const own: Launch = {
      command: process.execPath,
      // Not the runner's own flags; only what every peer gets.
      args: [...quiet, ...(peer.node?.flags ?? []), join(import.meta.dirname, 'child.ts')],
      env: peer.node?.env ?? {},
    };
    const started = new PeerProcess(task, 'launch' in peer ? await peer.launch(task) : own);
    signal?.addEventListener('abort', () => started.#fail('the run was interrupted'));
    return started;
  }

  /** Waits for `ready`. Rejects if the peer failed or took longer than `withinMs`. */
  async ready(withinMs = 90_000): Promise<void> {
    const timer = setTimeout(() => {
      this.#fail(`it was not ready after ${withinMs / 1000} s`);
      this.#child.kill('SIGKILL');
    }, withinMs);
    await this.#ready;
    clearTimeout(timer);
    this.check();
  }

  /** Processor seconds and peak memory of the process so far. */
  usage(): Usage {
    this.check();
    return usageOf(this.#child.pid as number);
  }

  /** What it said of itself: `figure <name> <number>`. */
  get figures(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#figures);
  }

  /** Throws if the peer has failed. */
  check(): void {
    if (this.#problem) throw this.#problem;
  }

  /** Asks it to stop; ends it after `withinMs`. */
  async stop(withinMs = 20_000): Promise<void> {
    this.#stopping = true;
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), withinMs);
    if (this.#child.exitCode === null) this.#child.stdin?.end('stop\n');
    await this.#exited;
    clearTimeout(timer);
  }

  #fail(problem: string): void {
    const said = this.#lines.length > 0 ? `\n${this.#lines.map((line) => `    ${line}`).join('\n')}` : '';
    this.#problem ??= new Error(`the peer ${this.#task.peer} failed: ${problem}${said}`);
  }
}
