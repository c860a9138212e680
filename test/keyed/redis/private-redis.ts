import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../../src/services/machine/port.ts';
import { redis } from '../../../src/services/redis/redis.ts';

/** A Redis of this test's own: it may be stopped, flushed and killed while other tests run. */
export class PrivateRedis {
  readonly port: number;
  #process: ChildProcess | undefined;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<PrivateRedis> {
    const own = new PrivateRedis(await freePort(undefined));
    await own.start();
    return own;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it empty, on the same port: what a failover to a replica that had nothing looks like. */
  async start(): Promise<void> {
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', '/tmp'];
    this.#process = spawn('redis-server', args, { stdio: 'ignore' });
    for (let tries = 0; ; tries++) {
      try {
        return await redis.check(this.url);
      } catch (thrown) {
        if (tries > 100) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(signal);
  }

  /** Ends it at once, as kill -9, with everything it knew. */
  async kill(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (!running || running.exitCode !== null) return;
    running.kill('SIGKILL');
    await once(running, 'exit');
  }
}
