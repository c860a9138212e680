import type { ErrorSpec } from '../error.ts';

export const sandboxErrors = {
  AORTA_SANDBOX_001: {
    class: 'Transient',
    message: 'The CDS service that the sandbox EHR called ({what}) did not answer soundly: {problem}.',
    remedy: 'Look at the log of the service, and call it again.',
  },
} as const satisfies Record<string, ErrorSpec>;
