import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { FromChild, Task, ToChild } from './task.ts';

export interface Usage {
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

/** A peer in a process of its own, so that its processor time and memory are its own. */
export class PeerProcess {
  readonly #child: ChildProcess;
  readonly #waiting: ((message: FromChild) => void)[] = [];
  readonly #exited: Promise<void>;
  #problem: Error | undefined;

  constructor(task: Task) {
    // Not the runner's own flags; only what every peer gets.
    this.#child = fork(join(import.meta.dirname, 'child.ts'), [JSON.stringify(task)], {
      execArgv: ['--disable-warning=ExperimentalWarning', '--disable-warning=TimeoutNegativeWarning'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message: FromChild) => {
      if (message.kind === 'failed') this.#problem = new Error(`${task.peer}: ${message.problem}`);
      for (const give of this.#waiting.splice(0)) give(message);
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', (code) => {
        if (code !== 0) this.#problem ??= new Error(`${task.peer} ended with exit code ${code}`);
        for (const give of this.#waiting.splice(0)) give({ kind: 'failed', problem: '' });
        resolve();
      });
    });
  }

  async started(): Promise<void> {
    await this.#next();
  }

  /** Processor seconds and peak memory of the process so far. */
  async usage(): Promise<Usage> {
    this.#child.send({ kind: 'usage' } satisfies ToChild);
    const message = await this.#next();
    if (message.kind !== 'usage') throw new Error('a peer answered something else');
    return message;
  }

  /** Rejects if the peer has failed. */
  check(): void {
    if (this.#problem) throw this.#problem;
  }

  /** Asks it to stop; ends it after `withinMs`. */
  async stop(withinMs = 20_000): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), withinMs);
    if (this.#child.connected) this.#child.send({ kind: 'stop' } satisfies ToChild);
    await this.#exited;
    clearTimeout(timer);
  }

  async #next(): Promise<FromChild> {
    this.check();
    const message = await new Promise<FromChild>((resolve) => this.#waiting.push(resolve));
    this.check();
    return message;
  }
}
