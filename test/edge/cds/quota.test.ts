import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createQuotas } from '../../../src/edge/cds/quota.ts';
import type { AortaError } from '../../../src/errors/index.ts';
import { silentTelemetry } from '../../../src/telemetry/port.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { virtualRedis } from '../../keyed/away.ts';

/** Two workers, and a client that sends each of them far more than its quota. */
async function twoWorkers(quota: { readonly perSecond: number; readonly burst: number }) {
  const clock = new VirtualClock();
  const redis = await virtualRedis(clock);
  const started = clock.monotonic();
  const admitted: number[] = [];
  const refused: AortaError[] = [];
  for (let n = 0; n < 2; n++) {
    const options = { clock, telemetry: silentTelemetry, keyed: redis.seenBy(n), worker: `w${n}` };
    const quotas = await createQuotas({ ...quota, inFlight: 10 }, options);
    const send = () => {
      const place = quotas.enter('ehr');
      void place.granted.then(
        () => admitted.push(clock.monotonic() - started),
        (thrown) => refused.push(thrown),
      );
      place.leave();
      clock.after(2, send);
    };
    send();
  }
  /** Requests of any span beyond the rate: the burst at most. */
  const beyond = () => {
    let [worst, fill, last] = [0, 0, 0];
    for (const at of admitted) {
      fill = Math.max(0, fill - ((at - last) * quota.perSecond) / 1_000) + 1;
      [worst, last] = [Math.max(worst, fill), at];
    }
    return worst;
  };
  return { clock, redis, admitted, refused, beyond };
}

test('two workers, Redis away and back: a client never has more than its quota and one burst over both', async () => {
  const quota = { perSecond: 50, burst: 100 };
  const { clock, redis, admitted, refused, beyond } = await twoWorkers(quota);
  await clock.advance(5_000);
  redis.there = false;
  await clock.advance(5_000);
  // It comes back with nothing in it, and one worker notices at once, the other after a while.
  await redis.emptied();
  redis.unnoticed = new Set([1]);
  redis.there = true;
  await clock.advance(1_900);
  redis.unnoticed.clear();
  await clock.advance(15_000);
  assert.ok(beyond() <= quota.burst + 1, `${beyond()} beyond the rate`);
  assert.ok(admitted.length >= 26.9 * quota.perSecond * 0.9, `${admitted.length} let in: the quota is there to be used`);
  assert.ok(refused.every(({ code, retryAfterMs }) => code === 'AORTA_CDS_004' && (retryAfterMs ?? -1) >= 0));
});
