import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGuards, steppedGate } from '../../src/guard/index.ts';
import { createMemoryKeyed } from '../../src/keyed/memory/index.ts';
import { deadlineGuard } from '../../src/runtime/ehr-deadline.ts';
import { ehrGuard, ehrTarget } from '../../src/runtime/ehr-guard.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { seededRandom, VirtualClock } from '../../src/testing/virtual-clock.ts';

test('more reads than the quota of an EHR: as many as it lets through are answered in time, the others at once', async () => {
  const clock = new VirtualClock();
  const keyed = await createMemoryKeyed({ clock });
  const guards = await createGuards({
    ...{ clock, random: seededRandom(1), telemetry: silentTelemetry, keyed, worker: 'w' },
    gate: steppedGate,
  });
  const guard = ehrGuard(guards, ehrTarget('main', 50));
  const deadline = deadlineGuard(clock);
  let answered = 0;
  const read = async () => {
    await deadline
      .run((signal) => guard.run(async () => {}, { signal, deadlineMs: 3_500 }), { deadlineMs: 3_500 })
      .then(
        () => answered++,
        () => {},
      );
  };
  // Twice what it gives, for half a minute; the second half is looked at.
  const running: Promise<void>[] = [];
  for (let ms = 0; ms < 30_000; ms += 10) {
    if (ms === 15_000) answered = 0;
    running.push(read());
    await clock.advance(10);
  }
  assert.ok(answered > 0.9 * 15 * 50, `${answered} of ${15 * 50} that the quota gives`);
  await clock.advance(20_000);
  await Promise.all(running);
  guards.close();
});
