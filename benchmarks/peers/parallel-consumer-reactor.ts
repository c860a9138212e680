import type { Peer } from '../contract/peer.ts';
import { pinned } from './jvm/build.ts';
import { jvmLaunch, jvmMissing } from './jvm/launch.ts';

/** Confluent Parallel Consumer, Reactor module: the calls are timers, as in Node. */
export const peer: Peer = {
  name: 'parallel-consumer-reactor',
  what: 'Confluent Parallel Consumer, KEY order, Reactor: no thread waits for a call',
  guarantee: 'at least once',
  work: ['call'],
  versions: () => pinned('parallel-consumer', 'kafka', 'avro'),
  available: jvmMissing,
  launch: () => jvmLaunch('parallel-consumer-reactor'),
};
