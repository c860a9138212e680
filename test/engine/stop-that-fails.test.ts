import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startFlow } from '../../src/engine/index.ts';
import { error } from '../../src/errors/index.ts';
import { flow } from '../../src/index.ts';
import { serdeFor } from '../../src/schema/serde.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { MemoryConsumer, MemoryLog } from '../../src/testing/memory-log.ts';
import { memoryRegistry } from '../../src/testing/memory-registry.ts';
import { MemoryState } from '../../src/testing/memory-state.ts';
import { seededRandom, VirtualClock } from '../../src/testing/virtual-clock.ts';
import { events, seen } from './review-support.ts';

it('a flow whose consumer does not stop in good order says so, and leaves nothing running', async () => {
  const clock = new VirtualClock();
  const log = new MemoryLog({ clock });
  const state = new MemoryState({ clock });
  const registry = await memoryRegistry();
  log.consumer = (options) => {
    const consumer = new MemoryConsumer(log, options);
    const stop = consumer.stop.bind(consumer);
    consumer.stop = async () => {
      await stop();
      throw error('AORTA_LOG_008', { operation: 'drain', problem: 'no answer' });
    };
    return consumer;
  };
  const starting = startFlow(flow('stops').from(events).pipe(seen()), {
    ...{ log, state, clock, random: seededRandom(1), telemetry: silentTelemetry },
    serde: (of) => serdeFor(registry, of),
    partitions: (of) => log.partitions(of),
  });
  await clock.advance(1_000);
  const running = await starting;
  let completed = false;
  running.settlements.subscribe({ complete: () => (completed = true) });
  const stopping = assert.rejects(running.stop(), { code: 'AORTA_LOG_008' });
  await clock.advance(20_000);
  await stopping;
  await clock.advance(20_000);
  assert.deepEqual([clock.pending, completed], [0, true]);
});
