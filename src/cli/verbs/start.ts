import type { StartFlags } from '../run-flags.ts';
import { runFlags } from '../run-parameters.ts';
import { command } from '../verb.ts';

export const verb = command({
  docs: {
    brief: 'Run every topology on Kafka, a schema registry, Redis and PostgreSQL',
    fullDescription: `The production profile. Services come from KAFKA_BROKERS, SCHEMA_REGISTRY_URL, REDIS_URL and DATABASE_URL.
Start as many workers as you like: they share the partitions.

Example:
  aorta start --config aorta.config.ts

Exit codes: 0 drained and stopped (SIGTERM, SIGINT), 1 failed (the message names a code).`,
  },
  parameters: {
    flags: { ...runFlags, config: { kind: 'parsed', parse: String, brief: 'Configuration file', optional: true, placeholder: 'file' } },
  },
  run: async (flags: StartFlags) => (await import('../../runtime/start.ts')).runStart(flags),
});
