import { flags, malloc } from '../../../bin/limits.js';
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { shareOf, startFlow } from '../../../src/engine/index.ts';
import { createKafkaLog } from '../../../src/log/kafka/index.ts';
import { type PrometheusTelemetry, prometheusTelemetry } from '../../../src/ops/telemetry.ts';
import { confluentRegistry } from '../../../src/schema/confluent/registry.ts';
import { serdeFor } from '../../../src/schema/serde.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import type { Peer } from '../../contract/peer.ts';
import { packageVersions } from '../../contract/versions.ts';
import { flowsOf } from './flows.ts';

/** Aorta as `aorta start` runs it: Kafka, registry, PostgreSQL for ownership and the applied set, metrics on. */
export const peer: Peer = {
  name: 'aorta',
  what: 'an Aorta flow on Kafka and PostgreSQL, bounded decoding, metrics on',
  guarantee: 'effects and state exactly once; fenced after a rebalance; emissions at least once under the same id',
  work: ['map', 'chain', 'route', 'fold', 'call', 'effect'],
  node: { flags, env: malloc },
  versions: () => packageVersions('kafkajs', 'avsc', 'pg', 'rxjs'),
  async start(task) {
    const telemetry = prometheusTelemetry({ level: 'error', destination: process.stderr });
    const registry = await confluentRegistry({ url: task.registryUrl });
    const log = createKafkaLog({ brokers: task.brokers, clientId: task.name, telemetry });
    const state = createPostgresState({ url: task.databaseUrl, telemetry });
    await state.migrate();
    const ports = {
      log,
      state,
      clock: systemClock,
      random: systemRandom,
      telemetry,
      serde: (of: Parameters<typeof serdeFor>[1]) => serdeFor(registry, of),
      partitions: (name: string) => log.partitions(name),
    };
    // Turns under way at once: with calls, that is the bound of the workload.
    const running: Awaited<ReturnType<typeof startFlow>>[] = [];
    const flows = flowsOf(task);
    const options = { ...shareOf(flows.length), ...(task.inFlight > 0 ? { maxRunning: task.inFlight } : {}) };
    // Some at once: each makes topics, and a broker that makes dozens at the same moment does not know all of them in time.
    for (let at = 0; at < flows.length; at += 5)
      running.push(...(await Promise.all(flows.slice(at, at + 5).map((flow) => startFlow(flow, ports, options)))));
    const metrics = task.metrics ? told(telemetry, task.metrics) : undefined;
    return {
      async stop() {
        clearInterval(metrics);
        await Promise.all(running.map((each) => each.stop()));
        await Promise.all([log.close(), state.close(), registry.close()]);
      },
    };
  },
};

/** Each second, summed over their labels, as a scrape would see them. */
const told = (telemetry: PrometheusTelemetry, names: readonly string[]): NodeJS.Timeout =>
  setInterval(async () => {
    for (const name of names) {
      const sum = (await telemetry.read(name)).reduce((total, { value }) => total + value, 0);
      process.stdout.write(`figure ${name} ${sum}\n`);
    }
  }, 1_000);
