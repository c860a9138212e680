import { error } from '../errors/index.ts';
import type { Keeping, TopicSpec } from './port.ts';

const day = 86_400_000;

/** Dead and parked letters must outlive the people who look at them; everything else a long week-end without operators. */
export const minimumRetentionMs = (topic: string): number => (/\.(dlq|parked)$/.test(topic) ? 30 * day : 7 * day);

/** A topic that keeps less than it should: its records may be gone before anybody has read them. */
export interface Drift {
  readonly topic: string;
  readonly retentionMs: number;
  readonly wantedMs: number;
  /** Bytes of a partition above which records go before their time. */
  readonly retentionBytes?: number;
}

/** Compares what a topic keeps with what it has to; undefined: it keeps enough. */
export function driftOf(topic: string, wantedMs: number, { retentionMs, retentionBytes }: Keeping): Drift | undefined {
  const bounded = Number.isFinite(retentionBytes);
  if (retentionMs >= wantedMs && !bounded) return undefined;
  return { topic, retentionMs, wantedMs, ...(bounded ? { retentionBytes } : {}) };
}

/** Kafka's own rule for topic names, kept by every adapter so that a flow moves between profiles unchanged. */
const topicName = /^[A-Za-z0-9._-]{1,249}$/;

/** Refuses a topic that no adapter may create: AORTA_LOG_003 (retention), AORTA_LOG_015 (name or partition count). */
export function checkTopic(spec: TopicSpec): void {
  if (!topicName.test(spec.name) || spec.name === '.' || spec.name === '..') {
    throw error('AORTA_LOG_015', { topic: spec.name, problem: 'the name may hold 1 to 249 of the characters A-Z a-z 0-9 . _ -' });
  }
  if (!Number.isSafeInteger(spec.partitions) || spec.partitions < 1) {
    throw error('AORTA_LOG_015', { topic: spec.name, problem: `${spec.partitions} is no partition count` });
  }
  const minimum = minimumRetentionMs(spec.name);
  if (!Number.isSafeInteger(spec.retentionMs) || spec.retentionMs < minimum) {
    throw error('AORTA_LOG_003', { topic: spec.name, retentionMs: spec.retentionMs, minimumMs: minimum });
  }
}
