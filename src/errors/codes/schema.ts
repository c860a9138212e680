import type { ErrorSpec } from '../error.ts';

export const schemaErrors = {
  AORTA_SCHEMA_001: {
    class: 'Decode',
    message: 'The payload is not valid for schema {schemaId}: {problem}.',
    remedy: 'See the quarantined record; the producer wrote bytes that do not follow its schema.',
  },
} as const satisfies Record<string, ErrorSpec>;
