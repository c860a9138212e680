import type { ErrorSpec } from '../error.ts';

export const keyedErrors = {
  AORTA_KEYED_001: {
    class: 'Transient',
    message: 'Redis does not answer: {problem}.',
    remedy: 'Nothing is lost: dedup goes on by its rows, limits by the local share. Look at REDIS_URL and at the server.',
  },
  AORTA_KEYED_002: {
    class: 'Overload',
    message: '{count} commands wait for Redis already.',
    remedy: 'Redis is slower than what it is asked: look at its latency; the caller goes on without it meanwhile.',
  },
  AORTA_KEYED_003: {
    class: 'Permanent',
    message: 'Redis refuses the command {command}: {problem}.',
    remedy: 'Its user needs EVALSHA, EVAL and the commands of the scripts in src/keyed/redis, on keys that begin with aorta:.',
  },
} as const satisfies Record<string, ErrorSpec>;
