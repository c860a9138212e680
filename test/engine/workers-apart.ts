import { type EngineOptions, startFlow } from '../../src/engine/index.ts';
import { createGuards, steppedGate } from '../../src/guard/index.ts';
import { createMemoryKeyed } from '../../src/keyed/memory/index.ts';
import type { ConsumerOptions, Log } from '../../src/log/port.ts';
import { serdeFor } from '../../src/schema/serde.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { MemoryConsumer, MemoryLog } from '../../src/testing/memory-log.ts';
import { memoryRegistry } from '../../src/testing/memory-registry.ts';
import { MemoryState } from '../../src/testing/memory-state.ts';
import { guarded, ProcessClock } from '../../src/testing/process.ts';
import { seededRandom, VirtualClock } from '../../src/testing/virtual-clock.ts';
import { events } from './review-support.ts';

/** A log and a state in memory on virtual time, and workers of one flow that are processes of their own and can end. */
export async function workersApart(engine: Partial<EngineOptions> = {}) {
  const clock = new VirtualClock();
  const log = new MemoryLog({ clock });
  const state = new MemoryState({ clock });
  const registry = await memoryRegistry();
  const serde = await serdeFor(registry, events);
  const shared = await createMemoryKeyed({ clock });
  /** `before`: told before it starts how its process is ended. */
  const worker = async (made: Parameters<typeof startFlow>[0], seed: number, before: (end: () => void) => void = () => {}) => {
    const own = new ProcessClock(clock);
    const consumers: MemoryConsumer[] = [];
    const consumer = (options: ConsumerOptions) => {
      const member = new MemoryConsumer(log, options);
      consumers.push(member);
      return member;
    };
    const end = () => {
      own.dead = true;
      void consumers.at(-1)?.crash();
    };
    before(end);
    const keyed = guarded(shared, own);
    const common = { clock: own, random: seededRandom(seed), telemetry: silentTelemetry, keyed };
    const guards = await createGuards({ ...common, worker: `worker-${seed}`, gate: steppedGate });
    const ports = {
      ...{ ...common, guards },
      log: guarded<Log>(log, own, { consumer }),
      state: guarded(state, own),
      serde: (topic: Parameters<typeof serdeFor>[1]) => serdeFor(registry, topic),
      partitions: (topic: string) => log.partitions(topic),
    };
    const starting = startFlow(made, ports, engine);
    await clock.advance(50);
    return { own, end, running: await starting, consumer: () => consumers.at(-1) as MemoryConsumer };
  };
  const put = (n: number, key: string, partition?: number) =>
    void log.put({
      topic: 'events',
      key,
      value: serde.serialize({ n, kind: 'x' }),
      headers: {},
      ...(partition === undefined ? {} : { partition }),
    });
  return { clock, state, worker, put };
}
