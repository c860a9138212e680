import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { startFlow } from '../../../src/engine/index.ts';
import { createKafkaLog } from '../../../src/log/kafka/index.ts';
import { prometheusTelemetry } from '../../../src/ops/telemetry.ts';
import { confluentRegistry } from '../../../src/schema/confluent/registry.ts';
import { serdeFor } from '../../../src/schema/serde.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import type { Peer } from '../../contract/peer.ts';
import { packageVersions } from '../../contract/versions.ts';
import { flowOf } from './flows.ts';

/** Aorta as `aorta start` runs it: Kafka, registry, PostgreSQL for ownership and the applied set, metrics on. */
export const peer: Peer = {
  name: 'aorta',
  what: 'an Aorta flow on Kafka and PostgreSQL, bounded decoding, metrics on',
  guarantee: 'effects and state exactly once; fenced after a rebalance; emissions at least once under the same id',
  work: ['map', 'route', 'fold', 'call', 'effect'],
  versions: () => packageVersions('kafkajs', 'avsc', 'pg', 'rxjs'),
  async start(task) {
    const telemetry = prometheusTelemetry({ level: 'error', destination: process.stderr });
    const registry = await confluentRegistry({ url: task.registryUrl });
    const log = createKafkaLog({ brokers: task.brokers, clientId: task.name, telemetry });
    const state = createPostgresState({ url: task.databaseUrl, telemetry });
    await state.migrate();
    const running = await startFlow(
      flowOf(task),
      {
        log,
        state,
        clock: systemClock,
        random: systemRandom,
        telemetry,
        serde: (of) => serdeFor(registry, of),
        partitions: (name) => log.partitions(name),
      },
      // Turns under way at once: with calls, that is the bound of the workload.
      task.inFlight > 0 ? { maxRunning: task.inFlight } : {},
    );
    return {
      async stop() {
        await running.stop();
        await Promise.all([log.close(), state.close(), registry.close()]);
      },
    };
  },
};
