// One worker of split.ts as a process of its own: `node split-worker.ts <name> <brokers> <database url>`. Says `up`, then
// runs until it is ended; SIGTERM drains.
import { systemClock, systemRandom } from '../../../src/clock/system.ts';
import { type RunningFlow, startFlow } from '../../../src/engine/index.ts';
import { createKafkaLog } from '../../../src/log/kafka/index.ts';
import { serdeFor } from '../../../src/schema/serde.ts';
import { createPostgresState } from '../../../src/state/postgres/index.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import { memoryRegistry } from '../../../src/testing/memory-registry.ts';
import { splitOf } from './split.ts';

const [name = '', brokers = '', url = ''] = process.argv.slice(2);
const log = createKafkaLog({ brokers: brokers.split(','), clientId: `split-${process.pid}` });
const state = createPostgresState({ url });
const registry = await memoryRegistry();
const { split, census } = splitOf(name);
const running: RunningFlow[] = [];
for (const made of [split, census]) {
  running.push(
    await startFlow(
      made,
      {
        log,
        state,
        clock: systemClock,
        random: systemRandom,
        telemetry: silentTelemetry,
        serde: (t) => serdeFor(registry, t),
        partitions: (t) => log.partitions(t),
      },
      { drainMs: 8000, sessionTimeoutMs: 6000 },
    ),
  );
}
process.on('SIGTERM', async () => {
  for (const each of running) await each.stop();
  await log.close();
  await state.close();
  process.exit(0);
});
console.log('up');
