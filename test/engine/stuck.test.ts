import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FlowRuntime } from '../../src/engine/flow-runtime.ts';
import { defaultOptions } from '../../src/engine/options.ts';
import { bind } from '../../src/engine/program.ts';
import { overdueHeld, whyPartition } from '../../src/engine/why.ts';
import type { Flow } from '../../src/flow/flow.ts';
import { flow, map, mapAsync, to } from '../../src/index.ts';
import { prometheusTelemetry } from '../../src/ops/telemetry.ts';
import { serdeFor } from '../../src/schema/serde.ts';
import { MemoryLog } from '../../src/testing/memory-log.ts';
import { memoryRegistry } from '../../src/testing/memory-registry.ts';
import { MemoryState } from '../../src/testing/memory-state.ts';
import { seededRandom, VirtualClock } from '../../src/testing/virtual-clock.ts';
import { type Event, events, out } from './review-support.ts';

/** The runtime itself, so that a test can break it inside. */
async function runtimeOf(made: Flow<unknown>) {
  const clock = new VirtualClock();
  const log = new MemoryLog({ clock });
  const state = new MemoryState({ clock });
  const telemetry = prometheusTelemetry({ level: 'silent' });
  const registry = await memoryRegistry();
  const ports = { log, state, clock, random: seededRandom(1), telemetry };
  await log.ensureTopics([events, out, { name: `${made.name}.parked`, partitions: 12, retentionMs: 1 }]);
  const program = await bind(made, { serde: (topic) => serdeFor(registry, topic), partitions: (topic) => log.partitions(topic) });
  const runtime = new FlowRuntime(program, ports, defaultOptions);
  const started = runtime.start();
  await clock.advance(100);
  await started;
  const serde = await serdeFor(registry, events);
  const put = (key: string, n: number) =>
    log.put({ topic: 'events', key, value: serde.serialize({ n, kind: 'x' }), timestamp: clock.now() });
  const gauge = async (name: string) => (await telemetry.read(name))[0]?.value;
  const stop = async () => {
    const stopped = runtime.stop();
    await clock.advance(20_000);
    await stopped;
  };
  return { runtime, clock, put, gauge, stop };
}

describe('a partition that does not move', () => {
  it('because a wake-up was lost is named after 30 s: why, metric, health', async () => {
    const { runtime, clock, put, gauge, stop } = await runtimeOf(
      flow('still')
        .from(events)
        .pipe(
          map((e: Event) => e),
          to(out),
        ),
    );
    const { partition } = put('p1', 1);
    const lane = [...runtime.lanes].find(({ ref }) => ref.partition === partition);
    assert.ok(lane);
    // The defect: the patient's turn never starts, and nobody looks again.
    (lane.turns as { next: (mailbox: unknown) => void }).next = () => {};
    await clock.advance(5_000);
    assert.deepEqual(
      whyPartition(lane).map(({ reason, overdue }) => [reason, overdue]),
      [['unknown', false]],
    );
    assert.equal(await gauge('aorta_flow_stuck_partitions'), 0);
    await clock.advance(30_000);
    const [wait] = whyPartition(lane);
    assert.deepEqual([wait?.reason, wait?.overdue, wait?.offset], ['unknown', true, 0]);
    assert.match(wait?.message ?? '', /nothing is under way that would start it/);
    assert.equal(await gauge('aorta_flow_stuck_partitions'), 1);
    await stop();
  });

  it('is not one that has a reason within its bound: a long handler that declares its deadline, a queue behind it', async () => {
    const { runtime, clock, put, gauge, stop } = await runtimeOf(
      flow('long')
        .from(events)
        .pipe(
          mapAsync('long', (e: Event) => new Promise<Event>((resolve) => clock.after(90_000, () => resolve(e))), { deadlineMs: 100_000 }),
          to(out),
        ),
    );
    const { partition } = put('p1', 1);
    put('p1', 2);
    await clock.advance(80_000);
    const lane = [...runtime.lanes].find(({ ref }) => ref.partition === partition);
    assert.ok(lane);
    const [wait] = whyPartition(lane);
    assert.deepEqual([wait?.reason, wait?.overdue, wait?.operator], ['running', false, 'long']);
    assert.equal(await gauge('aorta_flow_stuck_partitions'), 0);
    await clock.advance(120_000);
    assert.deepEqual([whyPartition(lane), overdueHeld(lane)], [[], []]);
    await stop();
  });

  it('because a step without a deadline never ends is named too', async () => {
    const made = flow('decodes')
      .from(events)
      .pipe(
        map((e: Event) => e),
        to(out),
      );
    const { runtime, clock, put, stop } = await runtimeOf(made);
    const [lane] = [...runtime.lanes];
    assert.ok(lane);
    (runtime.program as { decode: (topic: string, bytes: Buffer) => unknown }).decode = () => new Promise(() => {});
    const { partition } = put('p1', 1);
    await clock.advance(61_000);
    const own = [...runtime.lanes].find(({ ref }) => ref.partition === partition);
    const [wait] = own ? whyPartition(own) : [];
    assert.deepEqual([wait?.reason, wait?.overdue], ['running', true]);
    await stop();
  });
});
