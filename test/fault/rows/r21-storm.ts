import { ok, strictEqual } from 'node:assert/strict';
import type { OutsideOptions } from '../list/outside.ts';
import { held, Partner } from '../support/partner.ts';
import { privateRedis } from '../support/private-services.ts';
import type { Row } from './row.ts';

/** Calls a second. */
const quota = 50;
const retryAfterS = 5;

export const r21: Row = {
  id: 'R21',
  promise: 'a storm of 429',
  fault: 'for 25 s every answer is 429 with Retry-After 5; 3 workers share a quota of 50 calls a second (Redis)',
  pass: 'calls in the storm within the quota + 1 %, and none of a worker between its 429 and the end of Retry-After; afterwards at most 1.2 times the quota in any second (and what the longest way can have held back); all calls made, each under one key',
  async run(kit) {
    const redis = kit.after(await privateRedis());
    const partner = kit.after(await Partner.start());
    let storm = false;
    partner.answer = () => (storm ? { status: 429, headers: { 'retry-after': String(retryAfterS) } } : { status: 200 });
    const asks: OutsideOptions = { url: partner.url, quota, target: { deadlineMs: 2_000 } };
    const fleet = await kit.fleet({
      ...{ workers: 3, load: { random: kit.random, rate: Math.min(kit.rate, 40), patients: Math.min(kit.patients, 500) } },
      env: { REDIS_URL: redis.url, FAULT_OUTSIDE: JSON.stringify(asks) },
    });
    fleet.load.start();
    await kit.seconds(8, 4);
    storm = true;
    const begun = performance.now();
    await kit.seconds(25, 12);
    storm = false;
    const ended = performance.now();
    await kit.seconds(5, 2);
    await fleet.load.stop();
    const drainedMs = await fleet.drained();
    const verdict = await fleet.verify();

    const stormy = partner.between(begun, ended);
    const seconds = (ended - begun) / 1000;
    ok(stormy.length <= quota * seconds * 1.01, `${stormy.length} calls in ${seconds.toFixed(0)} s`);
    // What was on its way when the first 429 came is no breach; what a worker sends after it heard of one is.
    const wayMs = partner.longestWayMs();
    const hearMs = 1_000 + 2 * wayMs;
    const early = fleet.workers.flatMap(({ pid }) => {
      const own = stormy.filter(({ worker, status }) => worker === String(pid) && status === 429);
      return own.filter((call, n) => {
        const heard = own.slice(0, n).findLast(({ at }) => at < call.sent - hearMs);
        return heard !== undefined && call.sent - heard.at < retryAfterS * 1000;
      });
    });
    strictEqual(early.length, 0, `${early.length} calls before Retry-After was over`);
    const worst = partner.worstSecond('at', ended);
    ok(partner.worstSecond('sent', ended) <= quota * 1.2, `${partner.worstSecond('sent', ended)} calls sent in a second after the storm`);
    ok(worst <= quota * 1.2 + held(quota, wayMs), `${worst} calls in a second after the storm, the longest ${wayMs} ms on its way`);
    strictEqual(partner.faults().join(), '');
    return {
      callsInStorm: stormy.length,
      stormSeconds: Math.round(seconds),
      worstSecondAfter: worst,
      longestWayMs: wayMs,
      quota,
      drainedMs,
      ...verdict,
    };
  },
};
