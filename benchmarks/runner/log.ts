import { systemClock, systemRandom } from '../../src/clock/system.ts';
import { createKafkaLog } from '../../src/log/kafka/index.ts';
import type { Log } from '../../src/log/port.ts';
import { prometheusTelemetry } from '../../src/ops/telemetry.ts';

/**
 * Aorta's Kafka client by itself. Backlogs and loads are written with it too: it costs a quarter of what kafkajs's producer does, and
 * what the load takes of the two cores, the peer that is measured does not get.
 */
export const logOf = (brokers: readonly string[], clientId: string): Log =>
  createKafkaLog({
    ...{ brokers, clientId, clock: systemClock, random: systemRandom },
    telemetry: prometheusTelemetry({ level: 'error', destination: process.stderr }),
  });
