import { Redis } from 'ioredis';
import type { Clock, Random } from '../../clock/clock.ts';
import { error } from '../../errors/index.ts';
import type { Telemetry } from '../../telemetry/port.ts';

export interface RedisOptions {
  /** `redis://` or `rediss://`. */
  readonly url: string;
  readonly password?: () => Promise<string>;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Milliseconds for one command. @default 50 */
  readonly commandTimeoutMs?: number;
  /** Commands that may wait for their answers at once. @default 1000 */
  readonly maxPending?: number;
}

/** Milliseconds without a try after a failure: a Redis that hangs must not cost every record a time-out. */
const restMs = { least: 250, most: 1000 };

/**
 * One connection that never waits for long. ioredis alone queues commands without bound while the server is away, sends
 * unanswered ones again, and waits for ever on a connection that hangs: all of that is switched off here. After a
 * failure nothing is sent for up to a second, then one command tries.
 */
export class RedisClient {
  readonly #redis: Redis;
  readonly #options: RedisOptions;
  readonly #maxPending: number;
  #pending = 0;
  /** Monotonic milliseconds before which nothing is sent. */
  #restUntil = Number.NEGATIVE_INFINITY;
  #trying = false;
  #down = false;
  #closed = false;
  readonly #stopSampling: () => void;

  private constructor(options: RedisOptions, password: string | undefined) {
    const { clock, random, telemetry } = options;
    this.#options = options;
    this.#maxPending = options.maxPending ?? 1000;
    this.#redis = new Redis(options.url, {
      ...(password === undefined ? {} : { password }),
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      // For its own commands when it connects; ours have `#within`.
      commandTimeout: 2_000,
      connectTimeout: 2_000,
      // A connection on which nothing comes back is given up, although TCP would keep it for minutes.
      socketTimeout: 5_000,
      retryStrategy: (times) => random.next() * Math.min(2_000, 100 * 2 ** Math.min(times, 10)) + 50,
      reconnectOnError: (thrown) => /^READONLY/.test(thrown.message),
    });
    this.#stopSampling = telemetry.sampled('aorta_keyed_up', 'Redis answers: 1; the last command failed: 0.', {}, () =>
      this.#down ? 0 : 1,
    );
    this.#redis.on('error', (cause) => this.#failed(cause, clock.monotonic()));
    // A lost connection is not always an error, and until the next try nobody would know.
    this.#redis.on('close', () => this.#failed(new Error('closed'), clock.monotonic()));
    // A new connection ends the rest, also while nobody asks for anything.
    this.#redis.on('ready', () => {
      this.#restUntil = Number.NEGATIVE_INFINITY;
      this.#answered();
    });
  }

  static async open(options: RedisOptions): Promise<RedisClient> {
    return new RedisClient(options, await options.password?.());
  }

  /** Declares a script; it is sent by its hash, and whole again when the server forgot it. */
  script(lua: string, keys: number): (name: readonly string[], args: readonly (string | number)[]) => Promise<unknown> {
    const name = `aorta${++scripts}`;
    this.#redis.defineCommand(name, { lua, numberOfKeys: keys });
    const command = (this.#redis as unknown as Record<string, (...args: (string | number)[]) => Promise<unknown>>)[name];
    return (names, args) => this.#send(name, () => (command as NonNullable<typeof command>).call(this.#redis, ...names, ...args));
  }

  async ping(): Promise<void> {
    await this.#send('ping', () => this.#redis.ping());
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopSampling();
    this.#redis.disconnect();
  }

  async #send<T>(command: string, send: () => Promise<T>): Promise<T> {
    const { clock } = this.#options;
    if (this.#closed) throw error('AORTA_KEYED_001', { problem: 'the client is closed' });
    if (clock.monotonic() < this.#restUntil || (this.#down && this.#trying))
      throw error('AORTA_KEYED_001', { problem: 'it failed just now' });
    if (this.#pending >= this.#maxPending) throw error('AORTA_KEYED_002', { count: this.#pending });
    const sent = clock.monotonic();
    this.#pending++;
    this.#trying = true;
    try {
      const reply = await this.#within(send());
      this.#answered();
      return reply;
    } catch (cause) {
      const refused = refusal(cause);
      if (refused) throw error('AORTA_KEYED_003', { command, problem: refused }, { cause });
      this.#failed(cause, sent);
      throw error('AORTA_KEYED_001', { problem: problemOf(cause) }, { cause });
    } finally {
      this.#pending--;
      this.#trying = false;
    }
  }

  /** The library's own time-out fires after every pause of the event loop, although the reply is there to be read. */
  #within<T>(reply: Promise<T>): Promise<T> {
    const { clock, commandTimeoutMs = 50 } = this.#options;
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error('timed out'));
      const cancel = clock.after(commandTimeoutMs, () => clock.soon(late));
      reply.finally(cancel).then(resolve, reject);
    });
  }

  #answered(): void {
    if (!this.#down) return;
    this.#down = false;
    this.#options.telemetry.log('info', 'keyed.back', { service: 'redis' });
  }

  #failed(cause: unknown, sent: number): void {
    // Commands that were sent together fail together: one rest is enough.
    if (this.#closed || sent < this.#restUntil) return;
    const { clock, random, telemetry } = this.#options;
    this.#restUntil = clock.monotonic() + restMs.least + random.next() * (restMs.most - restMs.least);
    if (this.#down) return;
    this.#down = true;
    telemetry.log('warn', 'keyed.away', { service: 'redis', error: cause });
  }
}

let scripts = 0;

/** The server's own refusals; they pass with no waiting. LOADING, READONLY and the like do. */
function refusal(cause: unknown): string | undefined {
  if (!(cause instanceof Error) || cause.name !== 'ReplyError') return undefined;
  const word = /^[A-Z]+/.exec(cause.message)?.[0] ?? 'ERR';
  return ['LOADING', 'READONLY', 'MASTERDOWN', 'TRYAGAIN', 'CLUSTERDOWN', 'BUSY', 'OOM', 'MISCONF', 'NOREPLICAS'].includes(word)
    ? undefined
    : word;
}

/** Without the command's arguments. */
const problemOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return 'unknown';
  const { code } = cause as NodeJS.ErrnoException;
  if (code) return code;
  if (/timed out/i.test(cause.message)) return 'no answer in time';
  return /isn't writeable|closed/i.test(cause.message) ? 'not connected' : cause.name;
};
