import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from '../../src/clock/system.ts';
import { startFlow } from '../../src/engine/index.ts';
import { fail, flow, mapAsync } from '../../src/index.ts';
import type { ConsumerOptions, Log } from '../../src/log/port.ts';
import { serdeFor } from '../../src/schema/serde.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { MemoryConsumer, MemoryLog } from '../../src/testing/memory-log.ts';
import { memoryRegistry } from '../../src/testing/memory-registry.ts';
import { MemoryState } from '../../src/testing/memory-state.ts';
import { guarded, ProcessClock } from '../../src/testing/process.ts';
import { seededRandom, VirtualClock } from '../../src/testing/virtual-clock.ts';
import { type Event, events, permanent, seen } from './review-support.ts';

/** Record 1 ends its process after two seconds and looks at no signal; 2 has its partition refused; 3 takes eight seconds. */
async function start() {
  const clock = new VirtualClock();
  const log = new MemoryLog({ clock });
  const state = new MemoryState({ clock });
  const registry = await memoryRegistry();
  const serde = await serdeFor(registry, events);
  const world = { kill: () => {}, tries: 0 };
  const made = flow('killer', { onFailure: { Permanent: { last: fail } } })
    .from(events)
    .pipe(
      mapAsync(
        'work',
        async (e: Event) => {
          if (e.n === 1) {
            world.tries++;
            const { kill } = world;
            await sleep(clock, 2000);
            kill();
          }
          if (e.n === 2) throw permanent();
          if (e.n === 3) await sleep(clock, 8000);
          return e;
        },
        { deadlineMs: 29_000 },
      ),
      seen(),
    );
  const worker = async (seed: number) => {
    const own = new ProcessClock(clock);
    const consumers: MemoryConsumer[] = [];
    const consumer = (options: ConsumerOptions) => {
      const member = new MemoryConsumer(log, options);
      consumers.push(member);
      return member;
    };
    let dead = false;
    world.kill = () => {
      dead = true;
      own.dead = true;
      void consumers.at(-1)?.crash();
    };
    const starting = startFlow(made, {
      log: guarded<Log>(log, own, { consumer }),
      state: guarded(state, own),
      ...{ clock: own, random: seededRandom(seed), telemetry: silentTelemetry },
      serde: (topic) => serdeFor(registry, topic),
      partitions: (topic) => log.partitions(topic),
    });
    await clock.advance(50);
    return { running: await starting, own, consumer: () => consumers.at(-1) as MemoryConsumer, isDead: () => dead };
  };
  const put = (n: number, key: string, partition: number) =>
    void log.put({ topic: 'events', key, value: serde.serialize({ n, kind: 'x' }), headers: {}, partition });
  return { clock, state, world, worker, put };
}

/** An end that is not record 1's makes suspects; then the worker starts again until it stays, nine times at most. */
async function startAgain(others: readonly (readonly [n: number, key: string, partition: number])[]) {
  const { clock, state, world, worker, put } = await start();
  const first = await worker(100);
  put(1, 'p1', 0);
  for (const other of others) put(...other);
  await clock.advance(10);
  first.own.dead = true;
  void first.consumer().crash();
  world.tries = 0;
  let deaths = 0;
  for (let i = 1; i <= 9; i++) {
    const { isDead, running } = await worker(i);
    await clock.advance(10_000);
    if (isDead()) {
      deaths++;
      continue;
    }
    const stopping = running.stop();
    await clock.advance(40_000);
    await stopping;
    break;
  }
  const held = (await state.heldKeys('killer', 10)).map(({ key, head }) => [key, head.reason]);
  return { deaths, held };
}

describe('a record that ends the process', () => {
  it('is parked after three of its own', async () => {
    const { deaths, held } = await startAgain([]);
    assert.equal(deaths, 3);
    assert.deepEqual(held, [['p1', 'poison']]);
  });

  it('is accused also where another record has the partition refused while it runs', async () => {
    const { deaths } = await startAgain([[2, 'p2', 0]]);
    assert.equal(deaths, 3, 'then its turn fails at once, and does not run');
  });

  it('leaves no accusation to a record of another partition, which waits while it runs', async () => {
    const { held } = await startAgain([
      [2, 'p2', 0],
      [3, 'p3', 1],
    ]);
    assert.ok(!held.some(([key]) => key === 'p3'), `parked: ${JSON.stringify(held)}`);
  });
});
