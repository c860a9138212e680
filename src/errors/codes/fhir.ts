import type { ErrorSpec } from '../error.ts';

export const fhirErrors = {
  AORTA_FHIR_001: {
    class: 'Permanent',
    message: 'The cursor is not one of ours.',
    remedy: 'Start again without a cursor, and pass on only what the last page gave.',
  },
} as const satisfies Record<string, ErrorSpec>;
