import type { ErrorSpec } from '../error.ts';

export const governanceErrors = {
  AORTA_AUDIT_001: {
    class: 'Permanent',
    message: 'The audit chain is broken at sequence {seq}.',
    remedy: 'Keep the file as evidence; compare it with the last exported checkpoint.',
  },
} as const satisfies Record<string, ErrorSpec>;
