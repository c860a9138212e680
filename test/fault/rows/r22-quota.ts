import { ok, strictEqual } from 'node:assert/strict';
import type { OutsideOptions } from '../list/outside.ts';
import { held, Partner } from '../support/partner.ts';
import { privateRedis } from '../support/private-services.ts';
import { eventually } from '../support/product.ts';
import type { Row } from './row.ts';

/** Calls a second over all workers, and what a tenth more is. */
const quota = 100;
const most = 110;

export const r22: Row = {
  id: 'R22',
  promise: 'a quota across workers',
  fault:
    '3 workers want 130 calls a second and share a quota of 100 (Redis); one of them and Redis are killed; the worker is back after 8 s, Redis after 16 s',
  pass: 'never more than 110 calls in any second, counted where they arrive (and what the longest way there can have held back); without Redis each worker keeps to its share (33), and says so; at least 80 % of the rate before once it is back',
  async run(kit) {
    const redis = kit.after(await privateRedis());
    const partner = kit.after(await Partner.start());
    const asks: OutsideOptions = { url: partner.url, quota, target: { deadlineMs: 2_000 } };
    const fleet = await kit.fleet({
      ...{ workers: 3, load: { random: kit.random, rate: Math.min(kit.rate, 130), patients: Math.min(kit.patients, 1_000) } },
      env: { REDIS_URL: redis.url, FAULT_OUTSIDE: JSON.stringify(asks) },
    });
    const alone = () => fleet.metric('aorta_target_local_share', { target: 'near' });
    const rate = (from: number, to: number) => partner.between(from, to).length / ((to - from) / 1000);
    fleet.load.start();
    await kit.seconds(4, 4);
    const calm = performance.now();
    await kit.seconds(8, 4);
    const killed = performance.now();
    fleet.workers[2]?.kill('SIGKILL');
    await Promise.all([fleet.workers[2]?.exited, redis.stop('SIGKILL')]);
    await kit.seconds(8, 5);
    strictEqual(await alone(), 2, 'both workers say that they keep to their share');
    const pair = performance.now();
    await fleet.load.stop();
    await fleet.start(2);
    await fleet.balanced();
    fleet.load.start();
    const three = performance.now();
    await kit.seconds(8, 5);
    strictEqual(await alone(), 3, 'the new one too, which has never seen Redis');
    const back = performance.now();
    // Under load: a worker without calls does not ask, and need not know.
    await redis.start();
    await eventually('nobody to be alone', async () => (await alone()) === 0, 15_000, 200);
    const shared = performance.now();
    await kit.seconds(8, 5);
    const end = performance.now();
    await fleet.load.stop();
    const drainedMs = await fleet.drained(180_000);
    const verdict = await fleet.verify();

    const worst = partner.worstSecond();
    const wayMs = partner.longestWayMs();
    const rates = { calm: rate(calm, killed), two: rate(killed, pair), three: rate(three, back), again: rate(shared, end) };
    kit.note(JSON.stringify(rates));
    ok(partner.worstSecond('sent') <= most, `${partner.worstSecond('sent')} calls were sent within a second`);
    ok(worst <= most + held(quota, wayMs), `${worst} calls within a second, the longest ${wayMs} ms on its way`);
    // Two of three workers: their shares, never all of it and never nothing.
    ok(
      rates.two > 0.3 * rates.calm && rates.two <= (quota * 2) / 3 + 3,
      `${rates.two.toFixed(0)} calls a second of two workers without Redis`,
    );
    ok(rates.again >= 0.8 * rates.calm, `${rates.again.toFixed(0)} calls a second once Redis was back, ${rates.calm.toFixed(0)} before`);
    strictEqual(partner.faults().join(), '');
    const told = Object.fromEntries(Object.entries(rates).map(([name, value]) => [`${name}PerSecond`, Math.round(value)]));
    return { worstSecond: worst, longestWayMs: wayMs, ...told, backMs: Math.round(shared - back), drainedMs, ...verdict };
  },
};
