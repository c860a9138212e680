import { type ChildProcess, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lookThrough, lookThroughAnswer } from '../../support/canary.ts';
import type { Services } from '../../support/services.ts';

const root = resolve(import.meta.dirname, '../../..');

export interface ProductOptions {
  readonly data: string;
  /** Given: `aorta start` on these services. Absent: `aorta dev` on the embedded profile. */
  readonly services?: Pick<Services, 'kafkaBrokers' | 'registryUrl' | 'databaseUrl'>;
  readonly mllpPort?: number;
  readonly httpPort?: number;
  /** Options of node itself, as `--import` of a fault to be planted. */
  readonly nodeOptions?: readonly string[];
  readonly arguments?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Start through npm, as a user does. */
  readonly npm?: boolean;
  /** Project folder, whose `topologies/` run. @default Aorta's own */
  readonly project?: string;
  readonly readyWithinMs?: number;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface QuarantineEntry {
  readonly id: string;
  readonly code: string;
  readonly size: number;
  readonly reason: string;
}

/** The running product, as its users and operators see it: a process, two ports, log lines. */
export interface Product {
  readonly pid: number;
  readonly http: string;
  readonly httpPort: number;
  readonly mllpPort: number;
  readonly exited: Promise<Exit>;
  readonly running: boolean;
  /** Everything it wrote so far. */
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
  get<T>(path: string): Promise<T>;
  status(path: string): Promise<{ readonly status: number; readonly body: string }>;
  /** Sum of a metric over its series whose labels include these; 0 when there is none. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** SIGKILL if it still runs; for the end of a test. */
  dispose(): Promise<void>;
}

export async function startProduct(options: ProductOptions): Promise<Product> {
  const { services, nodeOptions = [], mllpPort = 0, httpPort = 0 } = options;
  const flags = [
    '--data',
    options.data,
    '--port',
    String(httpPort),
    '--mllp-port',
    String(mllpPort),
    '--json',
    ...(options.arguments ?? []),
  ];
  const environment: NodeJS.ProcessEnv = { ...process.env, ...options.env };
  if (services) {
    environment['KAFKA_BROKERS'] = services.kafkaBrokers.join();
    environment['SCHEMA_REGISTRY_URL'] = services.registryUrl;
    environment['DATABASE_URL'] = services.databaseUrl;
  }
  const verb = services ? ['start'] : ['dev', '--no-feed'];
  const child = options.npm
    ? spawn('npm', ['start', '--', '--no-feed', ...flags], { cwd: root, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
    : spawn(process.execPath, [...nodeOptions, join(root, 'bin/aorta.js'), ...verb, ...flags], {
        cwd: options.project ?? root,
        env: environment,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stderr?.on('data', (bytes: Buffer) => stderr.push(bytes));
  const text = (pieces: readonly Buffer[]) => Buffer.concat(pieces).toString();
  let running = true;
  const exited = new Promise<Exit>((done) => {
    child.once('exit', (code, signal) => {
      running = false;
      done({ code, signal });
    });
    // When the last of it was read, which is after the exit.
    child.once('close', () => {
      lookThrough('stdout of a worker', text(stdout));
      lookThrough('stderr of a worker', text(stderr));
    });
    child.once('error', () => {
      running = false;
      done({ code: null, signal: null });
    });
  });
  const line = await firstLine(child, stdout, options.readyWithinMs ?? 90_000).catch((thrown: Error) => {
    child.kill('SIGKILL');
    throw new Error(`${thrown.message}\n${text(stderr)}`);
  });
  const ready = JSON.parse(line) as { event: string; http: string; mllp: string };
  if (ready.event !== 'ready') {
    // Its own end is part of what a failed start owes.
    const ended = await Promise.race([exited.then(() => true), sleep(30_000, false, { ref: false })]);
    child.kill('SIGKILL');
    throw new Error(`not the ready event: ${line}${ended ? '' : '; and it did not end by itself'}`);
  }
  const { http } = ready;

  const product: Product = {
    pid: child.pid as number,
    http,
    httpPort: Number(new URL(http).port),
    mllpPort: Number(ready.mllp.split(':').at(-1)),
    exited,
    get running() {
      return running;
    },
    stdout: () => text(stdout),
    stderr: () => text(stderr),
    kill: (signal) => void child.kill(signal),
    async get<T>(path: string): Promise<T> {
      const answer = await fetch(http + path, { signal: AbortSignal.timeout(30_000) });
      const body = await answer.text();
      if (!answer.ok) throw new Error(`${answer.status} of ${path}: ${body}`);
      return JSON.parse(body) as T;
    },
    async status(path) {
      const answer = await fetch(http + path, { signal: AbortSignal.timeout(30_000) });
      const body = await answer.text();
      lookThroughAnswer(path, answer.headers.get('content-type') ?? '', body);
      return { status: answer.status, body };
    },
    async metric(name, labels = {}) {
      const answer = await fetch(`${http}/metrics`, { signal: AbortSignal.timeout(30_000) });
      const scrape = await answer.text();
      lookThrough('metrics', scrape);
      return sumOf(scrape, name, labels);
    },
    async dispose() {
      if (running) child.kill('SIGKILL');
      await exited;
    },
  };
  return product;
}

/** Adds up the series of one metric in the Prometheus text format. */
export function sumOf(scrape: string, name: string, labels: Readonly<Record<string, string>>): number {
  let sum = 0;
  for (const line of scrape.split('\n')) {
    const [, found, series = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (found !== name) continue;
    if (Object.entries(labels).every(([label, wanted]) => series.includes(`${label}="${wanted}"`))) sum += Number(value);
  }
  return sum;
}

async function firstLine(child: ChildProcess, kept: Buffer[], withinMs: number): Promise<string> {
  return new Promise((done, failed) => {
    const timer = setTimeout(() => failed(new Error(`not ready after ${withinMs / 1000} s`)), withinMs);
    child.stdout?.on('data', (bytes: Buffer) => {
      kept.push(bytes);
      const so = Buffer.concat(kept);
      const end = so.indexOf(0x0a);
      if (end < 0) return;
      clearTimeout(timer);
      done(so.subarray(0, end).toString());
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      failed(new Error(`ended before it was ready (code ${code}, signal ${signal})`));
    });
  });
}

/** Asks again until the answer is true; says what it waited for when that does not happen. */
export async function eventually(what: string, ask: () => Promise<boolean> | boolean, withinMs = 60_000, everyMs = 100): Promise<void> {
  const deadline = performance.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      if (await ask()) return;
      last = undefined;
    } catch (thrown) {
      last = thrown;
    }
    if (performance.now() > deadline) throw new Error(`waited ${withinMs / 1000} s for: ${what}`, { cause: last });
    await sleep(everyMs);
  }
}
