import { kafka } from './kafka/kafka.ts';
import { postgres } from './postgres/postgres.ts';
import { redis } from './redis/redis.ts';
import { registry } from './registry/registry.ts';
import type { LocalService, ServiceName } from './service.ts';

export const localServices: Readonly<Record<ServiceName, LocalService>> = { kafka, registry, redis, postgres };
