import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createFaultProxy, type FaultProxy } from '../../../src/sandbox/proxy/index.ts';
import { kafka, kafkaClasspath, startNode } from '../../../src/services/kafka/kafka.ts';
import type { KafkaNode } from '../../../src/services/kafka/properties.ts';
import { freePort } from '../../../src/services/machine/port.ts';
import { isRunning, stop } from '../../../src/services/machine/process.ts';
import { postgres } from '../../../src/services/postgres/postgres.ts';
import { redis } from '../../../src/services/redis/redis.ts';
import { ensureBackward } from '../../../src/services/registry/check.ts';
import { registry } from '../../../src/services/registry/registry.ts';
import type { LocalService, Started } from '../../../src/services/service.ts';
import { serviceDir } from '../../../src/services/state.ts';
import { uniqueName } from '../../support/services.ts';
import { eventually } from './product.ts';

/** A service of this test's own: it may be stopped while other tests run. */
export interface PrivateService {
  readonly url: string;
  /** Its own folder: data and log. */
  readonly dir: string;
  readonly running: boolean;
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
export function privateKafka(disk?: SmallDisk): Promise<PrivateService> {
  const cluster = randomUUID();
  const launch: Launch = async (dir, ports) => {
    const classpath = await kafkaClasspath({ dir: serviceDir('kafka'), ports: {}, say: silent });
    const node = { id: 1, brokerPort: await freePort(ports['broker']), controllerPort: await freePort(ports['controller']) };
    return startNode(node, [node], cluster, classpath, { dir, ports, say: silent });
  };
  return privateService(kafka, launch, { disk });
}

export interface PrivateCluster {
  /** Addresses as clients are told them: by way of the proxies where there are any. */
  readonly brokers: readonly string[];
  readonly nodes: readonly PrivateService[];
  /** One in front of each broker, with `proxied`. */
  readonly proxies: readonly FaultProxy[];
  remove(): Promise<void>;
}

/**
 * Kafka nodes of its own with small heaps, each broker and controller at once. With `proxied` clients reach each broker by
 * way of a proxy only, as it is the proxy's address that the broker advertises; brokers talk to each other directly.
 */
export async function privateCluster(
  count: 1 | 3,
  options: { proxied?: boolean; settings?: KafkaNode['settings'] } = {},
): Promise<PrivateCluster> {
  const classpath = await kafkaClasspath({ dir: serviceDir('kafka'), ports: {}, say: silent });
  const cluster = randomUUID();
  const plan: KafkaNode[] = [];
  const proxies: FaultProxy[] = [];
  for (let id = 1; id <= count; id++) {
    const [brokerPort, controllerPort, clientPort] = [await freePort(), await freePort(), await freePort()];
    let settings: KafkaNode['settings'] = count === 3 ? { 'min.insync.replicas': 2 } : {};
    if (options.proxied) {
      const proxy = await createFaultProxy({ host: '127.0.0.1', port: clientPort });
      proxies.push(proxy);
      settings = {
        ...settings,
        listeners: `PLAINTEXT://127.0.0.1:${brokerPort},CLIENTS://127.0.0.1:${clientPort},CONTROLLER://127.0.0.1:${controllerPort}`,
        'advertised.listeners': `PLAINTEXT://127.0.0.1:${brokerPort},CLIENTS://127.0.0.1:${proxy.port}`,
        'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT',
      };
    }
    plan.push({ id, brokerPort, controllerPort, heapMb: count === 3 ? 256 : 384, settings: { ...settings, ...options.settings } });
  }
  const nodes: PrivateService[] = [];
  const remove = async () => {
    await Promise.all(nodes.map((node) => node.remove()));
    await Promise.all(proxies.map((proxy) => proxy.close()));
  };
  try {
    // All at once: a controller alone has no quorum and never answers.
    const started = await Promise.allSettled(
      plan.map((node) => privateService(kafka, (dir) => startNode(node, plan, cluster, classpath, { dir, ports: {}, say: silent }))),
    );
    for (const node of started) if (node.status === 'fulfilled') nodes.push(node.value);
    for (const node of started) if (node.status === 'rejected') throw node.reason;
  } catch (thrown) {
    await remove();
    throw thrown;
  }
  return { brokers: plan.map((node, n) => `127.0.0.1:${proxies[n]?.port ?? node.brokerPort}`), nodes, proxies, remove };
}

export function privateRedis(): Promise<PrivateService> {
  return privateService(redis, (dir, ports) => redis.start({ dir, ports, say: silent }));
}

export function privatePostgres(disk?: SmallDisk): Promise<PrivateService> {
  return privateService(postgres, (dir, ports) => postgres.start({ dir, ports, say: silent }), { disk });
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
    { prepare: ensureBackward },
  );
}

type Launch = (dir: string, ports: Readonly<Record<string, number>>) => Promise<Started>;

/** The service's folder is a file system of its own, in memory: full when these megabytes are. Needs root. */
export interface SmallDisk {
  readonly megabytes: number;
}

interface Extra {
  readonly prepare?: (url: string) => Promise<void>;
  readonly disk?: SmallDisk | undefined;
}

async function privateService(service: LocalService, launch: Launch, { prepare, disk }: Extra = {}): Promise<PrivateService> {
  const dir = mkdtempSync(join(tmpdir(), `aorta-fault-${service.name}-`));
  if (disk) execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${disk.megabytes}m`, 'tmpfs', dir], { stdio: 'pipe' });
  chmodSync(dir, 0o755);
  let running: Started = await launch(dir, {});
  const answers = () => eventually(`${service.name} to answer`, () => service.check(running.url).then(() => true), 90_000);
  const gone = async (signal: NodeJS.Signals) => {
    await stop(running, signal, 20_000);
    await eventually(`${service.name} to be gone`, () => !isRunning(running), 60_000, 20);
  };
  await answers();
  await prepare?.(running.url);
  return {
    ...{ url: running.url, dir },
    get running() {
      return isRunning(running);
    },
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
      if (disk) execFileSync('umount', ['-l', dir]);
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
