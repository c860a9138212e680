import assert from 'node:assert/strict';
import { test } from 'node:test';
import { error } from '../../src/errors/index.ts';
import { createGuards, steppedGate } from '../../src/guard/index.ts';
import { defineTarget } from '../../src/guard/target.ts';
import { createMemoryKeyed } from '../../src/keyed/memory/index.ts';
import { prometheusTelemetry } from '../../src/ops/telemetry.ts';
import { seededRandom, VirtualClock } from '../../src/testing/virtual-clock.ts';

test('every attempt is counted by how it ended, and the state of each target can be scraped', async () => {
  const clock = new VirtualClock();
  const telemetry = prometheusTelemetry({ level: 'silent' });
  const keyed = await createMemoryKeyed({ clock });
  const guards = await createGuards({ clock, random: seededRandom(1), telemetry, keyed, worker: 'w', gate: steppedGate });
  const guard = await guards.use(defineTarget('ehr', { breaker: { failures: 2 } }));
  await guards.use(defineTarget('lis'));
  const { signal } = new AbortController();
  const attempt = (work: () => Promise<unknown>) => guard.run({ signal, work }).catch(() => {});
  await attempt(async () => 1);
  await attempt(async () => {
    throw error('AORTA_GUARD_007', { status: 404 });
  });
  for (let i = 0; i < 2; i++) {
    await attempt(async () => {
      throw error('AORTA_GUARD_008', { problem: 'ECONNREFUSED' });
    });
  }
  await attempt(async () => 1);
  const calls = Object.fromEntries(
    (await telemetry.read('aorta_target_calls_total')).map(({ labels, value }) => [labels['outcome'], value]),
  );
  assert.deepEqual(calls, { ok: 1, refused: 1, failed: 2, breaker: 1 });
  const states = Object.fromEntries(
    (await telemetry.read('aorta_target_breaker_state')).map(({ labels, value }) => [labels['target'], value]),
  );
  assert.deepEqual(states, { ehr: 2, lis: 0 });
  const text = await telemetry.scrape();
  for (const name of ['queued', 'running', 'throttled_seconds', 'local_share', 'call_seconds'])
    assert.match(text, new RegExp(`aorta_target_${name}`));
  guards.close();
  assert.doesNotMatch(await telemetry.scrape(), /aorta_target_breaker_state\{/, 'a closed guard is not sampled any more');
});
