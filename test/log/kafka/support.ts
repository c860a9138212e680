import { createRequire } from 'node:module';
import { type Admin, Kafka, type KafkaConfig } from 'kafkajs';
import { createKafkaLog, type KafkaLogOptions } from '../../../src/log/kafka/index.ts';
import type { Log } from '../../../src/log/port.ts';
import { silentTelemetry, type Telemetry } from '../../../src/telemetry/port.ts';
import { services } from '../../support/services.ts';

const require = createRequire(import.meta.url);

/** The library as it comes, for controls. A second copy of its modules, so that our patches do not reach it. */
export function rawKafkajs(): typeof import('kafkajs') {
  const own = (path: string) => /[\\/]node_modules[\\/]kafkajs[\\/]/.test(path);
  const kept = Object.entries(require.cache).filter(([path]) => own(path));
  for (const [path] of kept) delete require.cache[path];
  const library = require('kafkajs') as typeof import('kafkajs');
  for (const path of Object.keys(require.cache)) if (own(path)) delete require.cache[path];
  for (const [path, module] of kept) require.cache[path] = module;
  return library;
}

export const silent = { logLevel: 0 } as const;

export function openLog(options: Partial<KafkaLogOptions> = {}): Log {
  return createKafkaLog({ brokers: services().kafkaBrokers, clientId: 'aorta-test', ...options });
}

/** Work on the brokers that the Log port has no way to do, on purpose; through the library itself. */
export async function asAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ ...silent, brokers: services().kafkaBrokers, clientId: 'aorta-test' }).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

export const removeTopics = (topics: readonly string[]): Promise<void> =>
  asAdmin(async (admin) => {
    const existing = new Set(await admin.listTopics());
    const present = topics.filter((topic) => existing.has(topic));
    if (present.length > 0) await admin.deleteTopics({ topics: present });
  });

export const day = 86_400_000;

let made = 0;
const run = Math.random().toString(36).slice(2, 10);
/** A name for a topic or group that no other run uses. */
export const fresh = (purpose: string): string => `kafka.${purpose}.${run}.${made++}`;

/** Telemetry that keeps counter totals by name. */
export function counting(): { readonly telemetry: Telemetry; total(name: string): number } {
  const totals = new Map<string, number>();
  return {
    telemetry: { ...silentTelemetry, counter: (name) => ({ inc: (by = 1) => void totals.set(name, (totals.get(name) ?? 0) + by) }) },
    total: (name) => totals.get(name) ?? 0,
  };
}

export const rawClient = (options: Partial<KafkaConfig> = {}): Kafka =>
  new (rawKafkajs().Kafka)({ ...silent, brokers: services().kafkaBrokers, clientId: 'aorta-control', ...options });

export const until = async (label: string, done: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 60_000;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(`not seen within 60 s: ${label}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
