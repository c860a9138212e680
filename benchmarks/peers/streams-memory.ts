import type { Peer } from '../contract/peer.ts';
import { pinned } from './jvm/build.ts';
import { jvmLaunch, jvmMissing } from './jvm/launch.ts';

/** Kafka Streams with state on the heap only: what durability costs the others. */
export const peer: Peer = {
  name: 'streams-memory',
  what: 'Kafka Streams tuned, state on the heap, no changelog',
  guarantee: 'at least once; state is lost with the process',
  work: ['fold'],
  versions: () => pinned('kafka', 'avro'),
  available: jvmMissing,
  launch: () => jvmLaunch('streams-memory'),
};
