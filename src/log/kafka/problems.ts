/** What kafkajs throws, seen as what it means for us. */

import type { Clock } from '../../clock/clock.ts';
import { AortaError, error } from '../../errors/index.ts';

interface KafkaError {
  readonly name?: string;
  readonly type?: string;
  readonly code?: number | string;
  readonly message?: string;
  readonly cause?: unknown;
  readonly retriable?: boolean;
}

/** The protocol error type of an error or of its causes: `NOT_LEADER_FOR_PARTITION`, … */
export function typeOf(thrown: unknown): string | undefined {
  let at = thrown as KafkaError | undefined;
  for (let depth = 0; at && depth < 5; depth++) {
    if (typeof at.type === 'string') return at.type;
    at = at.cause as KafkaError | undefined;
  }
  return undefined;
}

/** A short reason without data: the error's type or code, else its name. Messages of kafkajs may quote payloads. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof AortaError) return thrown.code;
  const e = thrown as KafkaError | undefined;
  const type = typeOf(thrown);
  if (type) return type;
  const inner = e?.cause as KafkaError | undefined;
  return [e?.name, e?.code ?? inner?.code ?? inner?.name].filter((part) => part !== undefined).join(' ') || 'unknown';
}

/** Errors that end with waiting and fresh metadata: the broker is away, moving or busy. */
const passing = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'REQUEST_TIMED_OUT',
  'BROKER_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'NOT_CONTROLLER',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'KAFKA_STORAGE_ERROR',
]);

export function isPassing(thrown: unknown): boolean {
  const type = typeOf(thrown);
  if (type !== undefined) return passing.has(type);
  const e = thrown as KafkaError | undefined;
  if (e instanceof AortaError) return e.class === 'Transient';
  // Everything kafkajs throws without a protocol type is about connections, metadata or time.
  return (
    typeof e?.name === 'string' &&
    e.name.startsWith('KafkaJS') &&
    e.name !== 'KafkaJSNotImplemented' &&
    e.name !== 'KafkaJSInvariantViolation'
  );
}

/** Errors by which the coordinator says that this member has no assignment any more. */
const evicting = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']);
export const isEvicted = (thrown: unknown): boolean => evicting.has(typeOf(thrown) ?? '');
export const isRebalancing = (thrown: unknown): boolean => typeOf(thrown) === 'REBALANCE_IN_PROGRESS';

export const unreachable = (operation: string, cause: unknown): AortaError =>
  cause instanceof AortaError ? cause : error('AORTA_LOG_008', { operation, problem: reasonOf(cause) }, { cause });

/** `promise`, or AORTA_LOG_008 after `ms`. What `promise` does later is ignored. */
export function within<T>(clock: Clock, ms: number, operation: string, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(error('AORTA_LOG_008', { operation, problem: `no answer within ${ms} ms` })));
    promise.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (thrown) => {
        cancel();
        reject(thrown);
      },
    );
  });
}

/** Full jitter: uniform between half and all of `baseMs * 2^attempt`, at most `capMs`. */
export const backoff = (random: { next(): number }, attempt: number, baseMs: number, capMs: number): number => {
  const full = Math.min(capMs, baseMs * 2 ** Math.min(attempt, 20));
  return full / 2 + (full / 2) * random.next();
};
