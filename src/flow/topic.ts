import { error } from '../errors/index.ts';
import type { TopicSpec } from '../log/port.ts';
import type { AvroSchema } from '../schema/port.ts';

const day = 24 * 3600 * 1000;

/** A log topic whose key is the patient id (or what `key` says) and whose value is one Avro record (or plain bytes). */
export interface Topic<T> extends TopicSpec {
  /** What its keys name; left out: patients. */
  readonly key?: string;
  /** Avro schema of the value; `null`: bytes, forwarded as they are (T is Buffer). */
  readonly schema: AvroSchema | null;
  /** Carries merges of patients: every actor of a flow that reads it needs `merge`. */
  readonly merges?: boolean;
  /** Type only: the value's type. */
  readonly value?: T;
}

export interface TopicOptions {
  /** @default 12 */
  readonly partitions?: number;
  /** Days the log keeps a record. At least 7; 30 for dead letters. @default 7 */
  readonly retentionDays?: number;
  /** Keep the newest record of each key for ever. @default false */
  readonly compacted?: boolean;
  /** Ingress appends merges and unmerges of patients to it. @default false */
  readonly merges?: boolean;
  /**
   * What its keys name: one word, like `ward`. A flow has one turn at a time per key; `to` keeps the key of the flow's
   * source, `rekey` gives another one. @default 'patient'
   */
  readonly key?: string;
}

/** What a topic's keys name. */
export const keyKindOf = (topic: Topic<unknown>): string => topic.key ?? 'patient';

/**
 * Declares a topic. `schema` comes from the generated module of its `.avsc`, so the value's type does too. Pure: the log
 * creates it when a flow that names it starts. Errors: AORTA_FLOW_009.
 *
 * @example
 * ```ts
 * import { topic } from 'aorta';
 * const vitals = topic<{ heartRate: number }>('vitals', {
 *   type: 'record', name: 'Vitals', fields: [{ name: 'heartRate', type: 'int' }],
 * });
 * ```
 */
export function topic<T>(name: string, schema: AvroSchema | null, options: TopicOptions = {}): Topic<T> {
  const partitions = options.partitions ?? 12;
  const bad = (problem: string) => error('AORTA_FLOW_009', { topic: name, problem });
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]{0,126}$/.test(name)) throw bad('a name is letters, digits, dot, dash or underscore, at most 127');
  if (!Number.isInteger(partitions) || partitions < 1) throw bad('it has at least one partition');
  if (options.key !== undefined && !/^[a-z][a-z0-9-]{0,62}$/.test(options.key))
    throw bad('key is a word of lower-case letters, digits, dashes');
  return {
    name,
    schema,
    partitions,
    retentionMs: (options.retentionDays ?? 7) * day,
    compacted: options.compacted ?? false,
    ...(options.merges ? { merges: true } : {}),
    ...(options.key !== undefined && options.key !== 'patient' ? { key: options.key } : {}),
  };
}
