import { createRequire } from 'node:module';
import { Kafka } from 'kafkajs';
import { createKafkaLog, type KafkaLogOptions } from '../../../src/log/kafka/index.ts';
import type { Log } from '../../../src/log/port.ts';
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

/** Removes topics through the library itself: the Log port has no way to, on purpose. */
export async function removeTopics(topics: readonly string[]): Promise<void> {
  const admin = new Kafka({ ...silent, brokers: services().kafkaBrokers, clientId: 'aorta-test' }).admin();
  await admin.connect();
  const existing = new Set(await admin.listTopics());
  const present = topics.filter((topic) => existing.has(topic));
  if (present.length > 0) await admin.deleteTopics({ topics: present });
  await admin.disconnect();
}
