import type { Listener } from '../../mllp/listener.ts';
import { pinned } from '../jvm/build.ts';
import { jvmLaunch, jvmMissing } from '../jvm/launch.ts';

/** HAPI's SimpleServer on the JVM, Kafka's own Java producer. */
export const listener: Listener = {
  name: 'hapi',
  what: 'HAPI HL7 v2 (JVM), the Java producer, the answer after acks=all',
  versions: () => pinned('hapi', 'kafka'),
  available: jvmMissing,
  launch: () => jvmLaunch('hapi'),
};
