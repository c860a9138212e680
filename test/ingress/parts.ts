import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Hl7Adt, hl7AdtSchema } from '../../schemas/generated/hl7-adt.ts';
import { createFileBlob } from '../../src/blob/file/index.ts';
import type { Blob } from '../../src/blob/port.ts';
import { createPostgresBlob } from '../../src/blob/postgres/index.ts';
import { systemClock } from '../../src/clock/system.ts';
import type { Identity } from '../../src/identity/port.ts';
import { createPostgresIdentity } from '../../src/identity/postgres/index.ts';
import { createSqliteIdentity } from '../../src/identity/sqlite/identity.ts';
import { createKafkaLog } from '../../src/log/kafka/index.ts';
import type { Log, LogRecord } from '../../src/log/port.ts';
import { createSqliteLog } from '../../src/log/sqlite/log.ts';
import type { Quarantine } from '../../src/quarantine/port.ts';
import { createPostgresQuarantine } from '../../src/quarantine/postgres/index.ts';
import { createSqliteQuarantine } from '../../src/quarantine/sqlite/quarantine.ts';
import { confluentRegistry } from '../../src/schema/confluent/registry.ts';
import { embeddedRegistry } from '../../src/schema/embedded/registry.ts';
import { memoryStorage } from '../../src/schema/embedded/storage.ts';
import type { Registry, Serde } from '../../src/schema/port.ts';
import { createSerde } from '../../src/schema/serde.ts';
import { openDatabase } from '../../src/sqlite/database.ts';
import { createPostgresState } from '../../src/state/postgres/index.ts';
import type { Counter, Labels, Telemetry } from '../../src/telemetry/port.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { freshSchema } from '../support/postgres.ts';
import { services, uniqueName } from '../support/services.ts';

const day = 24 * 3600 * 1000;

/** The real parts that ingress works on, with a topic of their own. */
export interface Parts {
  readonly identity: Identity;
  readonly log: Log;
  readonly blob: Blob;
  readonly quarantine: Quarantine;
  readonly registry: Registry;
  readonly serde: Serde<Hl7Adt>;
  readonly topic: string;
  /** All records of the topic, each partition in order. */
  records(): Promise<LogRecord[]>;
  close(): Promise<void>;
}

async function finish(parts: Omit<Parts, 'records' | 'serde'>, partitions: number): Promise<Parts> {
  const { log, topic, registry } = parts;
  await log.ensureTopics([{ name: topic, partitions, retentionMs: 7 * day }]);
  const serde = await createSerde<Hl7Adt>(registry, `${topic}-value`, hl7AdtSchema);
  return {
    ...parts,
    serde,
    async records() {
      const all: LogRecord[] = [];
      for (const { partition, start, end } of await log.ends(topic)) {
        for (let from = start; from < end; ) {
          const part = await log.read({ topic, partition }, from, 500);
          if (part.length === 0) break;
          all.push(...part);
          from = (part.at(-1)?.offset ?? from) + 1;
        }
      }
      return all;
    },
  };
}

/** The embedded profile: one SQLite file. */
export async function embedded(partitions = 3, dir?: string, topic = 'hl7.adt'): Promise<Parts> {
  const at = dir ?? (await mkdtemp(join(tmpdir(), 'aorta-ingress-')));
  const database = openDatabase({ dir: at });
  const log = createSqliteLog({ database, clock: systemClock });
  const identity = createSqliteIdentity({ database });
  const quarantine = createSqliteQuarantine({ database });
  const blob = await createFileBlob({ dir: join(at, 'blob') });
  const registry = await embeddedRegistry(memoryStorage());
  const close = async () => {
    await log.close();
    await database.close();
    if (dir === undefined) await rm(at, { recursive: true, force: true });
  };
  return finish({ identity, log, blob, quarantine, registry, topic, close }, partitions);
}

/** The kafka profile: Kafka, a registry, PostgreSQL; in a schema and topic of its own, removed at the end. */
export async function onServices(partitions = 3): Promise<Parts> {
  const { drop, schema } = freshSchema('ingress');
  return servicesAt(schema, uniqueName('adt'), partitions, drop);
}

/** The same in a schema and topic that others use, too. */
export async function servicesAt(schema: string, topic: string, partitions = 3, drop = async () => {}): Promise<Parts> {
  const { kafkaBrokers, registryUrl, databaseUrl } = services();
  const postgres = { url: databaseUrl, schema };
  const state = createPostgresState(postgres);
  await state.migrate();
  await state.close();
  const log = createKafkaLog({ brokers: kafkaBrokers, clientId: 'ingress-test' });
  const identity = createPostgresIdentity(postgres);
  const quarantine = createPostgresQuarantine(postgres);
  const blob = createPostgresBlob(postgres);
  const registry = await confluentRegistry({ url: registryUrl });
  const close = async () => {
    for (const part of [log, identity, quarantine, blob, registry]) await part.close();
    await drop();
  };
  return finish({ identity, log, blob, quarantine, registry, topic, close }, partitions);
}

export interface CountingTelemetry extends Telemetry {
  /** Sum of a counter over the label sets that hold these labels. */
  count(name: string, labels?: Labels): number;
  /** All label values and log lines seen, as one text: for finding what must not be there. */
  text(): string;
}

/** Keeps what is counted and logged. */
export function countingTelemetry(): CountingTelemetry {
  const counters = new Map<string, { readonly name: string; readonly labels: Labels; value: number }>();
  const lines: string[] = [];
  return {
    ...silentTelemetry,
    counter(name, _help, labels = {}): Counter {
      const key = `${name} ${JSON.stringify(labels)}`;
      const found = counters.get(key) ?? { name, labels, value: 0 };
      counters.set(key, found);
      return {
        inc(by = 1) {
          found.value += by;
        },
      };
    },
    log(level, event, fields = {}) {
      const flat = Object.entries(fields).map(([name, value]) => `${name}=${value instanceof Error ? value.stack : JSON.stringify(value)}`);
      lines.push(`${level} ${event} ${flat.join(' ')}`);
    },
    count(name, labels = {}) {
      let sum = 0;
      for (const each of counters.values()) {
        if (each.name === name && Object.entries(labels).every(([label, value]) => each.labels[label] === value)) sum += each.value;
      }
      return sum;
    },
    text: () => [...counters.keys(), ...lines].join('\n'),
  };
}
