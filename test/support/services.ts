import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { error } from '../../src/errors/index.ts';

export interface Services {
  readonly kafkaBrokers: string[];
  readonly registryUrl: string;
  readonly redisUrl: string;
  readonly databaseUrl: string;
}

/** The real services the tests run on. Throws one clear line when they are not there: tests never skip. */
export function services(): Services {
  return {
    kafkaBrokers: variable('KAFKA_BROKERS').split(','),
    registryUrl: variable('SCHEMA_REGISTRY_URL'),
    redisUrl: variable('REDIS_URL'),
    databaseUrl: variable('DATABASE_URL'),
  };
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw error('AORTA_SVC_001', { service: name, problem: `${name} is not set; run the tests with \`npm test\`` });
  }
  return value;
}

/** A name that no other test run uses: lower case, good for topics, groups, subjects, schemas and databases. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${randomBytes(6).toString('hex')}`;
}

export interface FreshDatabase {
  readonly url: string;
  /** Closes what is still connected and removes the database. */
  drop(): Promise<void>;
}

/** A new, empty database on the tests' PostgreSQL, for one test file. */
export async function freshDatabase(name = 'test'): Promise<FreshDatabase> {
  const { databaseUrl } = services();
  const database = uniqueName(name.toLowerCase().replace(/[^a-z0-9_]/g, '_'));
  await administer(databaseUrl, `CREATE DATABASE ${database}`);
  const url = new URL(databaseUrl);
  url.pathname = `/${database}`;
  return { url: url.href, drop: () => administer(databaseUrl, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`) };
}

async function administer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
