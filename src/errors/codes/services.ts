import type { ErrorSpec } from '../error.ts';

export const servicesErrors = {
  AORTA_SVC_001: {
    class: 'Permanent',
    message: 'Service {service} is not available: {problem}.',
    remedy: 'Run `aorta services up`, or set the environment variable of the service.',
  },
} as const satisfies Record<string, ErrorSpec>;
