import type { Listener } from '../../mllp/listener.ts';
import { pinned } from '../jvm/build.ts';
import { jvmLaunch, jvmMissing } from '../jvm/launch.ts';

/**
 * HAPI's SimpleServer on the JVM, Kafka's own Java producer. Each message is a task of its own in HAPI's thread pool, those of
 * one connection too: with more than one unanswered they overtake each other, and reading back shows it.
 */
export const listener: Listener = {
  name: 'hapi',
  what: 'HAPI HL7 v2 (JVM), the Java producer, the answer after acks=all; a thread for each message, so no order within a connection',
  versions: () => pinned('hapi', 'kafka'),
  available: jvmMissing,
  launch: () => jvmLaunch('hapi'),
};
