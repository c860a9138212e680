import type { ErrorSpec } from '../error.ts';

export const configErrors = {
  AORTA_CFG_001: {
    class: 'Permanent',
    message: 'Configuration is not valid: {problem}.',
    remedy: 'Correct the named key; `aorta check` lists every problem at once.',
  },
} as const satisfies Record<string, ErrorSpec>;
