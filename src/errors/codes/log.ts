import type { ErrorSpec } from '../error.ts';

export const logErrors = {
  AORTA_LOG_001: {
    class: 'Transient',
    message: 'The log did not accept the append: {problem}.',
    remedy: 'Check that the brokers (or the data directory) are reachable and writable.',
  },
  AORTA_LOG_002: {
    class: 'Permanent',
    message: 'Topic {topic}: a retention of {retentionMs} ms is below the minimum of {minimumMs} ms.',
    remedy: 'Keep records at least 7 days, dead letters (.dlq) 30 days: raise retentionMs, or retention.ms of the existing topic.',
  },
  AORTA_LOG_003: {
    class: 'Permanent',
    message: 'Topic {topic} has {actual} partitions, the flow declares {declared}.',
    remedy: 'Declare the real count. Changing the count of a live topic moves patients between partitions: drain, then use a new topic.',
  },
  AORTA_LOG_004: {
    class: 'Permanent',
    message: 'Topic {topic} does not exist.',
    remedy: 'Create it (ensureTopics at start does), or correct the name.',
  },
  AORTA_LOG_005: {
    class: 'Permanent',
    message: 'Topic {topic}: a record of {size} bytes is above the limit of {limit} bytes.',
    remedy: 'Store the body in the blob store and append its reference, or raise the limit here and max.message.bytes of the topic.',
  },
  AORTA_LOG_006: {
    class: 'Overload',
    message: 'The append buffer is full ({size} of {limit} bytes).',
    remedy: 'Appends arrive faster than the log takes them: slow the sender, or check the brokers.',
  },
  AORTA_LOG_007: {
    class: 'Fenced',
    message: 'Group {group}: the commit was refused, its assignment is no longer current ({problem}).',
    remedy: 'None needed: the partition has a new owner, or this member has joined anew. Discard the work.',
  },
  AORTA_LOG_008: {
    class: 'Transient',
    message: 'The log did not answer: {operation} ({problem}).',
    remedy: 'Check that the brokers are running and reachable from this machine.',
  },
  AORTA_LOG_009: {
    class: 'Permanent',
    message: 'Topic {topic} has cleanup.policy {actual}, the flow declares {declared}.',
    remedy: 'A compacted topic forgets records and a deleting one forgets states: change the topic or the declaration.',
  },
  AORTA_LOG_010: {
    class: 'Decode',
    message: 'Topic {topic} partition {partition}: the batch at offset {offset} cannot be read ({problem}).',
    remedy: 'The partition stays stopped at this offset, others go on. Find the producer that wrote it.',
  },
  AORTA_LOG_011: {
    class: 'Transient',
    message: 'Group {group}: the consumer went down ({problem}).',
    remedy: 'It restarts by itself; check the brokers if this repeats.',
  },
  AORTA_LOG_012: {
    class: 'Defect',
    message: 'The installed kafkajs {version} is not the one this adapter was built on: {problem}.',
    remedy: 'Install kafkajs 2.2.4 exactly; the adapter uses internals of it.',
  },
  AORTA_LOG_013: {
    class: 'Permanent',
    message: 'Topic {topic} partition {partition}: offset {offset} is above the end of the log, {end}.',
    remedy: 'The topic was truncated or created anew. Reading on could skip records: decide where to start, then reset the group.',
  },
  AORTA_LOG_014: {
    class: 'Transient',
    message: 'Group {group}: after stopping, {topic} partition {partition} is committed at {actual}, not at {expected}.',
    remedy: 'The records in between are delivered again at the next start; nothing is lost.',
  },
  AORTA_LOG_015: {
    class: 'Permanent',
    message: 'Topic {topic}: {problem}.',
    remedy: 'Correct the topic declaration or the partition number.',
  },
  AORTA_LOG_016: {
    class: 'Cancelled',
    message: 'The log was closed before {operation} ended.',
    remedy: 'None needed at shutdown.',
  },
  AORTA_LOG_017: {
    class: 'Defect',
    message: 'Group {group}: {handler} failed ({problem}).',
    remedy: 'See the cause; the consumer discards the assignment and joins anew.',
  },
} as const satisfies Record<string, ErrorSpec>;
