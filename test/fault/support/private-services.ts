import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { kafka, kafkaClasspath, startNode } from '../../../src/services/kafka/kafka.ts';
import { freePort } from '../../../src/services/machine/port.ts';
import { isRunning, stop } from '../../../src/services/machine/process.ts';
import { postgres } from '../../../src/services/postgres/postgres.ts';
import { ensureBackward } from '../../../src/services/registry/check.ts';
import { registry } from '../../../src/services/registry/registry.ts';
import type { LocalService, Started } from '../../../src/services/service.ts';
import { serviceDir } from '../../../src/services/state.ts';
import { uniqueName } from '../../support/services.ts';
import { eventually } from './product.ts';

/** A service of this test's own: it may be stopped while other tests run. */
export interface PrivateService {
  readonly url: string;
  /** Ends it, cleanly or at once, and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
  /** SIGSTOP and SIGCONT: it is there, and does not answer. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
}

const silent = () => undefined;

/** An Apache Kafka of its own. Topic and group names are fixed by contract, so tests cannot share one. */
export function privateKafka(): Promise<PrivateService> {
  const cluster = randomUUID();
  return privateService(kafka, async (dir, ports) => {
    const classpath = await kafkaClasspath({ dir: serviceDir('kafka'), ports: {}, say: silent });
    const node = { id: 1, brokerPort: await freePort(ports['broker']), controllerPort: await freePort(ports['controller']) };
    return startNode(node, [node], cluster, classpath, { dir, ports, say: silent });
  });
}

export function privatePostgres(): Promise<PrivateService> {
  return privateService(postgres, (dir, ports) => postgres.start({ dir, ports, say: silent }));
}

export function privateRegistry(): Promise<PrivateService> {
  return privateService(
    registry,
    (dir, ports) => {
      // Unpacked once by `services up`; else it is fetched.
      const app = join(serviceDir('registry'), 'app-3.0.9');
      if (existsSync(app) && !existsSync(join(dir, 'app-3.0.9'))) symlinkSync(app, join(dir, 'app-3.0.9'));
      return registry.start({ dir, ports, say: silent });
    },
    ensureBackward,
  );
}

async function privateService(
  service: LocalService,
  launch: (dir: string, ports: Readonly<Record<string, number>>) => Promise<Started>,
  prepare: (url: string) => Promise<void> = async () => {},
): Promise<PrivateService> {
  const dir = mkdtempSync(join(tmpdir(), `aorta-fault-${service.name}-`));
  chmodSync(dir, 0o755);
  let running: Started = await launch(dir, {});
  const answers = () => eventually(`${service.name} to answer`, () => service.check(running.url).then(() => true), 90_000);
  const gone = async (signal: NodeJS.Signals) => {
    await stop(running, signal, 20_000);
    await eventually(`${service.name} to be gone`, () => !isRunning(running), 10_000, 20);
  };
  await answers();
  await prepare(running.url);
  return {
    url: running.url,
    stop: (signal = service.stopSignal) => gone(signal),
    async start() {
      const { url, ports } = running;
      running = await launch(dir, ports);
      if (running.url !== url) throw new Error(`${service.name} came back at ${running.url}, not at ${url}`);
      await answers();
    },
    signal: (signal) => void process.kill(running.pid, signal),
    async remove() {
      if (isRunning(running)) process.kill(running.pid, 'SIGCONT');
      await gone('SIGKILL');
      if (running.outside !== undefined) rmSync(running.outside, { recursive: true, force: true });
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A new, empty database on that PostgreSQL. */
export async function newDatabase(url: string): Promise<string> {
  const name = uniqueName('fault');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${name}`);
  } finally {
    await client.end();
  }
  const own = new URL(url);
  own.pathname = `/${name}`;
  return own.href;
}
