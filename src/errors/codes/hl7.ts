import type { ErrorSpec } from '../error.ts';

export const hl7Errors = {
  AORTA_HL7_001: {
    class: 'Decode',
    message: 'Not an HL7 v2 message: {problem}.',
    remedy: 'See the quarantine entry; the sender was answered with a negative acknowledgement.',
  },
} as const satisfies Record<string, ErrorSpec>;
