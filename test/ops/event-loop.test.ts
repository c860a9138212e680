import { ok } from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { measureEventLoop } from '../../src/ops/event-loop.ts';
import { prometheusTelemetry } from '../../src/ops/telemetry.ts';

test('a blocked event loop shows in the scrape after it, and no longer in the next', async () => {
  const telemetry = prometheusTelemetry({ level: 'silent' });
  const stop = measureEventLoop(telemetry);
  const worst = async () => {
    const values = await telemetry.read('aorta_event_loop_delay_seconds');
    return values.find(({ labels }) => labels['quantile'] === '1')?.value ?? Number.NaN;
  };
  await sleep(30);
  const until = performance.now() + 300;
  while (performance.now() < until);
  await sleep(30);
  const blocked = await worst();
  ok(blocked >= 0.25, `${blocked} s while it was blocked for 0.3 s`);
  // A machine that stops for a moment blocks the loop as well: not every time.
  let after = Number.POSITIVE_INFINITY;
  for (let tries = 0; !(after < blocked) && tries < 20; tries++) {
    await sleep(30);
    after = await worst();
  }
  ok(after < blocked, `${after} s afterwards`);
  stop();
  ok((await telemetry.read('aorta_event_loop_delay_seconds')).length === 0);
});
