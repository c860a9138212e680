import type { Peer } from '../contract/peer.ts';
import { pinned } from './jvm/build.ts';
import { jvmLaunch, jvmMissing } from './jvm/launch.ts';

/** Kafka Streams in Kafka transactions; its state in RocksDB and a changelog topic. */
export const peer: Peer = {
  name: 'streams-eos',
  what: 'Kafka Streams tuned, exactly_once_v2, state in RocksDB',
  guarantee: 'exactly once in Kafka; state survives in a changelog topic',
  work: ['map', 'route', 'fold'],
  versions: () => pinned('kafka', 'avro'),
  // Each transaction leaves a marker in every partition that it wrote to.
  progress: 'commits',
  available: jvmMissing,
  launch: () => jvmLaunch('streams-eos'),
};
