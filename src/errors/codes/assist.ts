import type { ErrorSpec } from '../error.ts';

export const assistErrors = {
  AORTA_ASSIST_001: {
    class: 'Transient',
    message: 'Nothing was said within {ms} ms.',
    remedy: 'Ask for it as a job, which may take longer.',
  },
  AORTA_ASSIST_002: {
    class: 'Transient',
    message: 'The answer was not whole within {ms} ms.',
    remedy: 'Ask for it as a job, which may take longer.',
  },
  AORTA_ASSIST_003: {
    class: 'Permanent',
    message: 'The answer that Last-Event-ID names is not here any more.',
    remedy:
      'Ask again without Last-Event-ID, and forget what came so far. Answers can be resumed for two minutes, at the process that gives them.',
  },
  AORTA_ASSIST_004: {
    class: 'Cancelled',
    message: 'The answer was cancelled, because nobody listened.',
    remedy: 'Ask again.',
  },
  AORTA_ASSIST_005: {
    class: 'Overload',
    message: 'There are {count} answers under way already.',
    remedy: 'Wait for one of them to end.',
  },
} as const satisfies Record<string, ErrorSpec>;
