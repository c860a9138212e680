import type { ErrorSpec } from '../error.ts';

export const fhirErrors = {
  AORTA_FHIR_001: {
    class: 'Permanent',
    message: 'The cursor is not one of ours.',
    remedy: 'Start again without a cursor, and pass on only what the last page gave.',
  },
  AORTA_FHIR_002: {
    class: 'Permanent',
    message: 'The result status {code} (OBR-25) has no meaning in a report: the v2-to-FHIR map makes it an error.',
    remedy: 'Y and Z answer queries. Find out at the sender why it sends them as results, and have it send the order anew.',
  },
  AORTA_FHIR_003: {
    class: 'Permanent',
    message: 'The message has results of more than one patient.',
    remedy: 'The sender must send one message a patient; split the message and resubmit its parts.',
  },
} as const satisfies Record<string, ErrorSpec>;
