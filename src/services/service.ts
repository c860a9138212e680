/** The real services that Aorta's `kafka` profile runs on. */
export type ServiceName = 'kafka' | 'registry' | 'redis' | 'postgres';

export const serviceNames: readonly ServiceName[] = ['kafka', 'registry', 'redis', 'postgres'];

/** The environment variable that selects each service (contract.md, Environment). */
export const variableOf: Readonly<Record<ServiceName, string>> = {
  kafka: 'KAFKA_BROKERS',
  registry: 'SCHEMA_REGISTRY_URL',
  redis: 'REDIS_URL',
  postgres: 'DATABASE_URL',
};

/** What a local start needs to know. */
export interface StartContext {
  /** The service's own folder: data, logs, state. */
  readonly dir: string;
  /** Ports it had the last time, to be kept when they are free. */
  readonly ports: Readonly<Record<string, number>>;
  /** Progress, one short phrase at a time. */
  readonly say: (line: string) => void;
}

export interface Started {
  /** The value of the service's environment variable. */
  readonly url: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly pid: number;
  readonly startedAt: string;
  /** Data kept outside `dir` (PostgreSQL, where its user cannot reach `dir`). */
  readonly outside?: string;
}

export interface LocalService {
  readonly name: ServiceName;
  /** The signal that ends it cleanly. */
  readonly stopSignal: NodeJS.Signals;
  /** Resolves when the service answers at `url`, rejects with why it does not. */
  check(url: string): Promise<void>;
  /** Launches the process; `check` tells when it is ready. */
  start(context: StartContext): Promise<Started>;
}
