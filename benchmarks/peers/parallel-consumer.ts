import type { Peer } from '../contract/peer.ts';
import { pinned } from './jvm/build.ts';
import { jvmLaunch, jvmMissing } from './jvm/launch.ts';

/** Confluent Parallel Consumer, core module: KEY order, a thread for each call, results with acks=all before the offset. */
export const peer: Peer = {
  name: 'parallel-consumer',
  what: 'Confluent Parallel Consumer, KEY order, a thread for each call under way',
  guarantee: 'at least once',
  work: ['call'],
  versions: () => pinned('parallel-consumer', 'kafka', 'avro'),
  available: jvmMissing,
  launch: () => jvmLaunch('parallel-consumer'),
};
