import type { Task } from './task.ts';

export interface Workload {
  readonly name: Task['workload'];
  readonly what: string;
  /** Peers beside Aorta, in the order of the report. */
  readonly peers: readonly string[];
  readonly partitions: number;
  readonly patients: number;
  readonly callMs: number;
  /** Events of the backlog, by default. */
  readonly messages: number;
  /** Events per second of the latency rounds, by default. */
  readonly rate: number;
}

/** Kafka to Kafka: decode, change a field, encode. NEXMark's q0 with a codec. */
export const passthrough: Workload = {
  name: 'passthrough',
  what: '1 KB events, Avro in to Avro out, 12 partitions, acks=all',
  peers: ['tuned', 'naive'],
  partitions: 12,
  patients: 5_000,
  callMs: 0,
  messages: 120_000,
  rate: 1_000,
};

/** One slow asynchronous call for each event: how much of its wait overlaps while each patient stays in order. */
export const calls: Workload = {
  name: 'calls',
  what: 'a 50 ms asynchronous call for each event, one partition, 1,000 patients, acks=all',
  peers: ['per-key', 'naive'],
  partitions: 1,
  patients: 1_000,
  callMs: 50,
  messages: 60_000,
  rate: 500,
};

export const workloads: Readonly<Record<string, Workload>> = { passthrough, calls };
