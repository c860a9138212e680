import { oneOutput, type Workload } from '../contract/workload.ts';

/** Kafka to Kafka: decode, change a field, encode. NEXMark's q0 with a codec. */
const passthrough: Workload = {
  ...oneOutput,
  name: 'passthrough',
  what: '1 KB events, Avro in to Avro out, 12 partitions, acks=all',
  work: 'map',
  peers: ['tuned', 'platformatic', 'streams', 'streams-tuned', 'naive', 'adapter'],
  onRequest: ['naive', 'adapter'],
  partitions: 12,
  patients: 5_000,
  messages: 120_000,
  rate: 1_000,
};

export const workloads = [passthrough];
