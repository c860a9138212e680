import type { Peer } from '../contract/peer.ts';
import { pinned } from './jvm/build.ts';
import { jvmLaunch, jvmMissing } from './jvm/launch.ts';

/** Kafka Streams as it comes. */
export const peer: Peer = {
  name: 'streams',
  what: 'Kafka Streams with its defaults, one thread',
  guarantee: 'at least once',
  work: ['map', 'route'],
  versions: () => pinned('kafka', 'avro'),
  available: jvmMissing,
  launch: () => jvmLaunch('streams'),
};
