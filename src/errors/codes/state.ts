import type { ErrorSpec } from '../error.ts';

export const stateErrors = {
  AORTA_STATE_001: {
    class: 'Transient',
    message: 'The state store is not reachable: {problem}.',
    remedy: 'Check the database; the worker resumes by itself when it is back.',
  },
} as const satisfies Record<string, ErrorSpec>;
