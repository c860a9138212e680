import type { Peer } from '../contract/peer.ts';
import { pinned } from './jvm/build.ts';
import { jvmLaunch, jvmMissing } from './jvm/launch.ts';

/** Kafka Streams tuned for throughput on two cores: StreamsSettings.java. */
export const peer: Peer = {
  name: 'streams-tuned',
  what: 'Kafka Streams, two threads, batches of 256 KB, 5,000 records a poll',
  guarantee: 'at least once',
  work: ['map', 'route'],
  versions: () => pinned('kafka', 'avro'),
  available: jvmMissing,
  launch: () => jvmLaunch('streams-tuned'),
};
