import type { ErrorSpec } from '../error.ts';

export const servicesErrors = {
  AORTA_SVC_001: {
    class: 'Permanent',
    message: 'Service {service} is not available: {problem}.',
    remedy: 'Run `aorta services up`, or set the environment variable of the service.',
  },
  AORTA_SVC_002: {
    class: 'Permanent',
    message: '{what} is missing and could not be installed here.',
    remedy:
      'Install it (on Debian and Ubuntu: `apt-get install {package}`), or set KAFKA_BROKERS, SCHEMA_REGISTRY_URL, REDIS_URL and DATABASE_URL to running services, or use `aorta services up --docker`.',
  },
  AORTA_SVC_003: {
    class: 'Transient',
    message: 'The command {command} failed: {problem}.',
    remedy: 'Read what it said; for Maven, check that Maven Central (or your mirror in ~/.m2/settings.xml) can be reached.',
  },
  AORTA_SVC_004: {
    class: 'Transient',
    message: 'Service {service} did not become ready: {problem}. Its log: {log}',
    remedy: 'Read the log named in the message, then run `aorta services up` again; `aorta services down --purge` starts from nothing.',
  },
  AORTA_SVC_005: {
    class: 'Permanent',
    message: 'Service {service} does not answer at the address in {variable}: {problem}.',
    remedy: 'Start that service or correct the variable; unset it to let `aorta services up` start a local one.',
  },
  AORTA_SVC_006: {
    class: 'Transient',
    message: 'Another `aorta services` command (process {pid}) holds the lock {file}.',
    remedy: 'Wait for it to end; if that process is not ours, remove the lock file.',
  },
  AORTA_SVC_007: {
    class: 'Permanent',
    message: 'Docker Compose is not available: {problem}.',
    remedy: 'Install Docker with the compose plugin and start its daemon, or run `aorta services up` without --docker.',
  },
} as const satisfies Record<string, ErrorSpec>;
