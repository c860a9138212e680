import type { ErrorSpec } from '../error.ts';

export const logErrors = {
  AORTA_LOG_001: {
    class: 'Transient',
    message: 'The log did not accept the append: {problem}.',
    remedy: 'Check that the brokers (or the data directory) are reachable and writable.',
  },
  AORTA_LOG_002: {
    class: 'Permanent',
    message: 'Topic {topic} is unknown.',
    remedy: 'Declare it in a flow (topics are created at start), or correct its name.',
  },
  AORTA_LOG_003: {
    class: 'Permanent',
    message: 'Topic {topic} would be kept {retentionMs} ms; at least {minimumMs} ms are required.',
    remedy: 'Keep topics 7 days at least, dead letters (`.dlq`) 30 days at least.',
  },
  AORTA_LOG_004: {
    class: 'Permanent',
    message: 'Topic {topic} has {found} partitions, {wanted} were asked for.',
    remedy: 'The count decides which partition a patient is in: keep it, or move to a new topic.',
  },
  AORTA_LOG_005: {
    class: 'Fenced',
    message: 'Consumer group {group}: {topic}/{partition} is no longer assigned to this consumer.',
    remedy: 'None: the partition has a new owner, which continues from the last commit.',
  },
} as const satisfies Record<string, ErrorSpec>;
