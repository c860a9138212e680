import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGuards, steppedGate } from '../../src/guard/index.ts';
import { createMemoryKeyed } from '../../src/keyed/memory/index.ts';
import { deadlineGuard } from '../../src/runtime/ehr-deadline.ts';
import { bulkhead, ehrGuard, ehrTarget } from '../../src/runtime/ehr-guard.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { seededRandom, VirtualClock } from '../../src/testing/virtual-clock.ts';

/** Calls of six reads each, `perSecond` reads in all, of an EHR that takes `tookMs` for each, for 20 s; the last 10 s count. */
async function offered(perSecond: number, tookMs: (n: number, atMs: number) => number) {
  const clock = new VirtualClock();
  const keyed = await createMemoryKeyed({ clock });
  const guards = await createGuards({
    ...{ clock, random: seededRandom(1), telemetry: silentTelemetry, keyed, worker: 'w' },
    gate: steppedGate,
  });
  const guard = ehrGuard(guards, ehrTarget('main', undefined));
  const deadline = deadlineGuard(clock);
  const began = clock.monotonic();
  let sent = 0;
  const work = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const cancel = clock.after(tookMs(sent++, clock.monotonic() - began), resolve);
      signal.addEventListener('abort', () => {
        cancel();
        reject(signal.reason);
      });
    });
  const counted = { reads: 0, whole: 0, opened: 0 };
  let counts = false;
  guards.onChange(({ breaker }) => {
    if (breaker === 'open') counted.opened++;
  });
  const read = () =>
    deadline
      .run((signal) => guard.run(work, { signal, deadlineMs: 3_500 }), { deadlineMs: 3_500 })
      .then(
        () => 1,
        () => 0,
      );
  const call = async () => {
    const answered = (await Promise.all(Array.from({ length: 6 }, read))).reduce((a: number, b) => a + b, 0);
    if (!counts) return;
    counted.reads += answered;
    if (answered === 6) counted.whole++;
  };
  const calls: Promise<void>[] = [];
  const everyMs = 6_000 / perSecond;
  let due = 0;
  for (let ms = 0; ms < 20_000; ms += 5) {
    counts = ms >= 10_000;
    for (; due <= ms; due += everyMs) calls.push(call());
    await clock.advance(5);
  }
  counts = false;
  await clock.advance(20_000);
  await Promise.all(calls);
  guards.close();
  return counted;
}

for (const [name, took, meanMs] of [
  ['a second', () => 1_000, 1_000],
  ['two seconds', () => 2_000, 2_000],
  ['0.2 to 1.8 s', (n: number) => 200 + ((n * 7_919) % 1_600), 1_000],
] as const)
  test(`an EHR that takes ${name} for a read answers as many as it can, however many are asked for, and is not taken for one that is down`, async () => {
    const capacity = (10 * 1_000 * bulkhead) / meanMs;
    for (const times of [0.9, 1.2, 2.4, 5]) {
      const { reads, whole, opened } = await offered((capacity / 10) * times, took);
      const possible = Math.min(1, times) * capacity;
      assert.ok(reads > 0.85 * possible, `${reads} reads of ${possible} at ${times} times what it can`);
      assert.ok(whole * 6 > 0.6 * possible, `${whole} whole calls of ${possible / 6} at ${times} times what it can`);
      assert.equal(opened, 0);
    }
  });

test('an EHR that hangs for four seconds while it has much to do opens its breaker, and is asked for everything again when it is back', async () => {
  const { reads, opened } = await offered(1_800, (_, atMs) => (atMs > 2_000 && atMs < 6_000 ? 60_000 : 50));
  assert.ok(opened > 0);
  assert.ok(reads > 0.95 * 18_000, `${reads} reads of 18000`);
});

test('a read that had too little time left says nothing about the EHR when it is late', async () => {
  const clock = new VirtualClock();
  const keyed = await createMemoryKeyed({ clock });
  const guards = await createGuards({ clock, random: seededRandom(1), telemetry: silentTelemetry, keyed, worker: 'w', gate: steppedGate });
  const guard = ehrGuard(guards, ehrTarget('main', undefined));
  const deadline = deadlineGuard(clock);
  const hangs = () => new Promise<never>(() => {});
  const late = async (deadlineMs: number) => {
    const read = guard.bounds(deadlineMs)
      ? guard.run(hangs, { deadlineMs })
      : deadline.run((signal) => guard.run(hangs, { signal, deadlineMs }), { deadlineMs });
    const code = assert.rejects(read).then(() => guards.states()[0]?.breaker);
    await clock.advance(deadlineMs);
    return code;
  };
  for (let n = 0; n < 20; n++) assert.equal(await late(200), 'closed');
  // Nor does it end a row of those that do.
  for (let n = 0; n < 4; n++) {
    assert.equal(await late(3_500), 'closed');
    assert.equal(await late(200), 'closed');
  }
  assert.equal(await late(3_500), 'open');
  guards.close();
});
