import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type RunningFlow, shareOf, startFlow } from '../../src/engine/index.ts';
import { flow, map, to, topic } from '../../src/index.ts';
import { serdeFor } from '../../src/schema/serde.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { MemoryLog } from '../../src/testing/memory-log.ts';
import { memoryRegistry } from '../../src/testing/memory-registry.ts';
import { MemoryState } from '../../src/testing/memory-state.ts';
import { seededRandom, VirtualClock } from '../../src/testing/virtual-clock.ts';
import { type Event, events } from './review-support.ts';

const topicOf = (name: string) => topic<Event>(name, events.schema, { partitions: 4 });

/** Flows of one worker, as many as a worker may have, each with an input and an output of its own; these are the first ones. */
async function worker(names: readonly string[], of: number) {
  const clock = new VirtualClock();
  const log = new MemoryLog({ clock });
  const registry = await memoryRegistry();
  const serde = await serdeFor(registry, events);
  const append = log.append.bind(log);
  log.append = (records) => (records.some((record) => record.topic === 'shut-out') ? new Promise(() => {}) : append(records));
  const running = new Map<string, RunningFlow>();
  for (const name of names) {
    const made = flow(name)
      .from(topicOf(`${name}-in`))
      .pipe(
        map('same', (e: Event) => e),
        to(topicOf(`${name}-out`)),
      );
    const starting = startFlow(
      made,
      {
        ...{ log, state: new MemoryState({ clock }), clock, random: seededRandom(1), telemetry: silentTelemetry },
        partitions: (at) => log.partitions(at),
        async serde(at) {
          const real = await serdeFor(registry, at);
          // The registry does not answer what its schema is.
          if (at.name === 'unknown-in') Object.defineProperty(real, 'deserialize', { value: () => new Promise(() => {}) });
          return real;
        },
      },
      shareOf(of),
    );
    await clock.advance(50);
    running.set(name, await starting);
  }
  const put = (name: string, count: number) => {
    for (let n = 0; n < count; n++)
      log.put({ topic: `${name}-in`, key: `p${n}`, value: serde.serialize({ n, kind: 'x' }), headers: {}, timestamp: clock.now() });
  };
  const open = (name: string) => (running.get(name)?.partitions() ?? []).reduce((sum, at) => sum + at.open, 0);
  return { clock, running, put, open, done: (name: string) => running.get(name)?.totals().done };
}

it('a flow that cannot go on is in nobody’s way: not while it holds all that it may, nor after its end', async () => {
  for (const stuck of ['shut', 'unknown']) {
    const { clock, running, put, open, done } = await worker([stuck, 'free'], 100);
    put(stuck, 10_000);
    await clock.advance(5_000);
    // A record counts a kilobyte more than its bytes; of each partition 192 KiB and a delivery.
    assert.ok(open(stuck) > 500 && open(stuck) < 4 * (192 + 100), `${open(stuck)} open in ${stuck}`);
    put('free', 5_000);
    await clock.advance(20_000);
    assert.deepEqual([done('free'), open('free')], [5_000, 0], stuck);
    const stopping = running.get(stuck)?.stop();
    await clock.advance(120_000);
    await stopping;
    put('free', 5_000);
    await clock.advance(20_000);
    assert.deepEqual([done('free'), open('free')], [10_000, 0], stuck);
  }
});
