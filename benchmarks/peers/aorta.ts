import { flow, map, mapAsync, to, topic } from 'aorta';
import { type Hl7Adt, hl7AdtSchema } from '../../schemas/generated/hl7-adt.ts';
import { systemClock, systemRandom } from '../../src/clock/system.ts';
import { startFlow } from '../../src/engine/index.ts';
import type { Flow } from '../../src/flow/flow.ts';
import { createKafkaLog } from '../../src/log/kafka/index.ts';
import { prometheusTelemetry } from '../../src/ops/telemetry.ts';
import { confluentRegistry } from '../../src/schema/confluent/registry.ts';
import { serdeFor } from '../../src/schema/serde.ts';
import { createPostgresState } from '../../src/state/postgres/index.ts';
import { call, transform } from '../event.ts';
import type { Peer, Task } from '../task.ts';

/** The flow as a user would write it. */
function flowOf({ name, input, output, partitions, callMs }: Task): Flow<unknown> {
  const [from, into] = [input, output].map((topicName) => topic<Hl7Adt>(topicName, hl7AdtSchema, { partitions }));
  const source = flow(name).from(from as typeof from & object);
  const sink = to(into as typeof into & object);
  if (callMs === 0) return source.pipe(map(transform), sink);
  return source.pipe(
    mapAsync('call', async (event) => {
      await call(callMs);
      return transform(event);
    }),
    sink,
  );
}

/** Aorta as `aorta start` runs it: Kafka, registry, PostgreSQL for ownership and the applied set, metrics on. */
export const peer: Peer = {
  name: 'aorta',
  what: 'an Aorta flow on Kafka and PostgreSQL, bounded decoding, metrics on',
  workloads: ['passthrough', 'calls'],
  async start(task) {
    const telemetry = prometheusTelemetry({ level: 'error', destination: process.stderr });
    const registry = await confluentRegistry({ url: task.registryUrl });
    const log = createKafkaLog({ brokers: task.brokers, clientId: task.name, telemetry });
    const state = createPostgresState({ url: task.databaseUrl, telemetry });
    await state.migrate();
    const running = await startFlow(flowOf(task), {
      log,
      state,
      clock: systemClock,
      random: systemRandom,
      telemetry,
      serde: (of) => serdeFor(registry, of),
      partitions: (name) => log.partitions(name),
    });
    return {
      async stop() {
        await running.stop();
        await Promise.all([log.close(), state.close(), registry.close()]);
      },
    };
  },
};
