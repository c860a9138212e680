import type { ErrorSpec } from '../error.ts';

export const logErrors = {
  AORTA_LOG_001: {
    class: 'Transient',
    message: 'The log did not accept the append: {problem}.',
    remedy: 'Check that the brokers (or the data directory) are reachable and writable.',
  },
} as const satisfies Record<string, ErrorSpec>;
