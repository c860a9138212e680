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
  AORTA_LOG_006: {
    class: 'Overload',
    message: 'The append buffer is full ({size} of {limit} bytes).',
    remedy: 'Appends arrive faster than the log takes them: slow the sender, or check the brokers.',
  },
  AORTA_LOG_007: {
    class: 'Permanent',
    message: 'Topic {topic}: a record of {size} bytes is above the limit of {limit} bytes.',
    remedy: 'Store the body in the blob store and append its reference, or raise the limit here and max.message.bytes of the topic.',
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
  AORTA_LOG_018: {
    class: 'Permanent',
    message: 'Log option {option}: {problem}.',
    remedy: 'Correct the configuration.',
  },
  AORTA_LOG_019: {
    class: 'Transient',
    message: 'A broker announced an answer of {length} bytes, which is not within 4 and {limit}.',
    remedy: 'Check that the address is a Kafka listener, and that both sides use TLS or neither does; the connection is opened anew.',
  },
} as const satisfies Record<string, ErrorSpec>;
