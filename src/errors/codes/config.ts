import type { ErrorSpec } from '../error.ts';

export const configErrors = {
  AORTA_CFG_001: {
    class: 'Permanent',
    message: 'Configuration is not valid: {problem}.',
    remedy: 'Correct the named key; `aorta check` lists every problem at once.',
  },
  AORTA_CFG_002: {
    class: 'Permanent',
    message: 'The environment variable {variable} is not set.',
    remedy:
      '`aorta start` needs KAFKA_BROKERS, SCHEMA_REGISTRY_URL and DATABASE_URL; REDIS_URL is optional. For a first try on this machine: eval "$(aorta services env)".',
  },
  AORTA_CFG_003: {
    class: 'Permanent',
    message: '{variable} carries a password.',
    remedy: 'Take it out of the URL; name it as DATABASE_PASSWORD=secret:<name>, with the value in AORTA_SECRETS_DIR/<name> (mode 0600).',
  },
} as const satisfies Record<string, ErrorSpec>;
