import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Generated, Plan } from './generator.ts';

/** A generator process: `ready` first, then `run`. */
export class Load {
  readonly #child;
  readonly #ready = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<Generated>();

  constructor(plan: Plan) {
    this.#child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        '--disable-warning=TimeoutNegativeWarning',
        join(import.meta.dirname, 'generator.ts'),
        JSON.stringify(plan),
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    // Whoever waits hears of it; nobody may be waiting yet.
    this.#ready.promise.catch(() => undefined);
    this.#done.promise.catch(() => undefined);
    this.#child.stdin.on('error', () => undefined);
    const fail = (problem: string): void => {
      const failure = new Error(`the generator of the load failed: ${problem}`);
      this.#ready.reject(failure);
      this.#done.reject(failure);
    };
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const [word, ...rest] = line.split(' ');
      if (word === 'ready') this.#ready.resolve();
      if (word === 'done') this.#done.resolve(JSON.parse(rest.join(' ')) as Generated);
      if (word === 'failed') fail(rest.join(' '));
    });
    this.#child.once('error', (cause) => fail(cause.message));
    // After `done` this changes nothing.
    this.#child.stdout.once('close', () => fail('it ended'));
  }

  ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Starts the schedule at a time of the monotonic clock; resolves when the broker has acknowledged everything. */
  run(at: number): Promise<Generated> {
    this.#child.stdin.write(`start ${at}\n`);
    return this.#done.promise;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}
