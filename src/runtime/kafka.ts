import { join } from 'node:path';
import { createPostgresAdvice } from '../advice/postgres/index.ts';
import { createPostgresBlob } from '../blob/postgres/index.ts';
import { systemRandom } from '../clock/system.ts';
import { error } from '../errors/index.ts';
import { createFileAudit } from '../governance/audit/file/index.ts';
import { createPostgresIdentity } from '../identity/postgres/index.ts';
import { createPostgresJobs } from '../jobs/postgres/index.ts';
import { createMemoryKeyed } from '../keyed/memory/index.ts';
import { createKafkaLog } from '../log/kafka/index.ts';
import { PostgresPool } from '../postgres/pool.ts';
import { createPostgresQuarantine } from '../quarantine/postgres/index.ts';
import { confluentRegistry } from '../schema/confluent/registry.ts';
import { createPostgresState } from '../state/postgres/index.ts';
import { auditKey } from './embedded.ts';
import { instanceName } from './instance.ts';
import { Opened, type Profile, type ProfileOptions } from './profile.ts';
import { sharedClock } from './shared-clock.ts';

/** Where the real services are: the environment variables of contract.md. */
export interface ServiceAddresses {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly databaseUrl: string;
  /** `secret:<name>` of the database's password. */
  readonly databasePassword?: string;
  /** Left out: claims and quotas are of each worker alone. */
  readonly redisUrl?: string;
  /** `secret:<name>` of Redis' password. */
  readonly redisPassword?: string;
}

/** Reads the addresses, or says which variable is missing (AORTA_CFG_002) or carries a password (AORTA_CFG_003). */
export function serviceAddresses(env: NodeJS.ProcessEnv): ServiceAddresses {
  const find = (name: string): string | undefined => {
    const value = env[name]?.trim();
    if (!value) return undefined;
    let password = '';
    try {
      const url = new URL(value);
      password = url.password || (url.searchParams.get('password') ?? '');
    } catch {
      // A list of brokers is no URL.
    }
    if (password !== '') throw error('AORTA_CFG_003', { variable: name });
    return value;
  };
  const need = (name: string): string => {
    const value = find(name);
    if (value === undefined) throw error('AORTA_CFG_002', { variable: name });
    return value;
  };
  const redisUrl = find('REDIS_URL');
  return {
    brokers: need('KAFKA_BROKERS')
      .split(',')
      .map((broker) => broker.trim())
      .filter(Boolean),
    registryUrl: need('SCHEMA_REGISTRY_URL'),
    databaseUrl: need('DATABASE_URL'),
    ...(redisUrl === undefined ? {} : { redisUrl }),
    ...(env['REDIS_PASSWORD'] ? { redisPassword: env['REDIS_PASSWORD'] } : {}),
    ...(env['DATABASE_PASSWORD'] ? { databasePassword: env['DATABASE_PASSWORD'] } : {}),
  };
}

/** Apache Kafka, a Confluent-compatible registry and PostgreSQL: as many workers as there are partitions. */
export async function openKafka(addresses: ServiceAddresses, { data, clock: own, telemetry, secrets }: ProfileOptions): Promise<Profile> {
  const opened = new Opened();
  try {
    const instance = instanceName(data);
    const { databasePassword } = addresses;
    const postgres = {
      url: addresses.databaseUrl,
      clock: own,
      telemetry,
      ...(databasePassword ? { password: () => secrets.get(databasePassword) } : {}),
    };
    const state = opened.add(createPostgresState(postgres));
    await state.migrate();
    const pool = opened.add(new PostgresPool(postgres));
    const clock = opened.add(await sharedClock(own, pool, telemetry));
    const identity = opened.add(createPostgresIdentity(pool));
    const quarantine = opened.add(createPostgresQuarantine(pool));
    const advice = opened.add(createPostgresAdvice(pool));
    const jobs = opened.add(createPostgresJobs(pool));
    const blob = opened.add(createPostgresBlob(pool, { clock }));
    const log = opened.add(createKafkaLog({ brokers: addresses.brokers, clientId: `aorta-${instance}`, clock, telemetry }));
    await log.ping();
    const registry = opened.add(await confluentRegistry({ url: addresses.registryUrl, clock, cacheFile: join(data, 'schemas.json') }));
    const audit = opened.add(await createFileAudit({ dir: join(data, 'audit'), clock, key: await auditKey(data) }));
    const { redisUrl, redisPassword } = addresses;
    if (redisUrl === undefined) telemetry.log('warn', 'keyed.none', { reason: 'REDIS_URL is not set: quotas are of each worker alone' });
    const keyed = opened.add(
      redisUrl === undefined
        ? await createMemoryKeyed({ clock, telemetry })
        : await (await import('../keyed/redis/index.ts')).createRedisKeyed({
            ...{ url: redisUrl, clock, telemetry, random: systemRandom },
            ...(redisPassword ? { password: () => secrets.get(redisPassword) } : {}),
          }),
    );
    return {
      kind: 'kafka',
      clock,
      log,
      state,
      registry,
      identity,
      blob,
      quarantine,
      audit,
      advice,
      jobs,
      keyed,
      instance,
      close: () => opened.close(),
    };
  } catch (thrown) {
    await opened.close();
    throw thrown;
  }
}
