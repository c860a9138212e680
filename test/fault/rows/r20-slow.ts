import { ok, strictEqual } from 'node:assert/strict';
import { isFar, type OutsideOptions } from '../list/outside.ts';
import { Partner } from '../support/partner.ts';
import { eventually } from '../support/product.ts';
import type { Row } from './row.ts';

const workers = 2;
/** Nothing of it but the time-outs is set: 5 failures in a row open the breaker, 16 calls at once (bulkhead). */
const target = { deadlineMs: 2_000 };
const openMs = 5_000;
/** What the defaults let through to a system that is down, a worker: 5 failures, and 15 that were under way. */
const most = 20;

export const r20: Row = {
  id: 'R20',
  promise: 'a slow EHR',
  fault: 'the EHR of 10 % of the patients answers in 8 s instead of 50 ms, for 25 s; calls have 2 s',
  pass: 'p99 of the other patients at most doubles (or stays below 1 s); the breaker opens within 20 calls a worker, and lets one probe through at a time, 5 s apart; after the end all go on within 15 s',
  async run(kit) {
    const partner = kit.after(await Partner.start());
    let slow = false;
    partner.answer = ({ path }) => ({ status: 200, afterMs: slow && path === '/far' ? 8_000 : 50 });
    const asks: OutsideOptions = { url: partner.url, target, far: true };
    const load = { random: kit.random, rate: Math.min(kit.rate, 60), patients: Math.min(kit.patients, 1_000) };
    const fleet = await kit.fleet({ workers, load, env: { FAULT_OUTSIDE: JSON.stringify(asks) } });
    const open = (state: number) =>
      eventually(
        `every breaker to be ${state === 2 ? 'open' : 'closed'}`,
        async () =>
          (await Promise.all(fleet.running.map((worker) => worker.metric('aorta_target_breaker_state', { target: 'far' })))).every(
            (is) => is === state,
          ),
        30_000,
        100,
      );
    fleet.load.start();
    await kit.seconds(5, 3);
    const from = Date.now();
    await kit.seconds(8, 4);
    slow = true;
    const [at, slowAt] = [Date.now(), performance.now()];
    await open(2);
    const openedMs = Math.round(performance.now() - slowAt);
    await kit.seconds(25, 15);
    const [until, backAt] = [Date.now(), performance.now()];
    slow = false;
    await open(0);
    const closedMs = Math.round(performance.now() - backAt);
    await kit.seconds(3, 1);
    await fleet.load.stop();
    const drainedMs = await fleet.drained();
    const verdict = await fleet.verify();

    const opening: number[] = [];
    let probes = 0;
    for (const { pid } of fleet.workers) {
      const calls = partner.between(slowAt, backAt, '/far').filter(({ worker }) => worker === String(pid));
      // A probe comes alone, after a pause that no call makes by itself.
      const first = calls.findIndex((call, n) => n > 0 && call.at - (calls[n - 1]?.at ?? 0) > openMs - 1_000);
      ok(first > 0, 'there were probes');
      opening.push(first);
      let before = Number.NEGATIVE_INFINITY;
      for (const probe of calls.slice(first)) {
        probes++;
        strictEqual(probe.together, 1, 'a probe is alone');
        ok(probe.at - before >= openMs, `${Math.round(probe.at - before)} ms between two probes`);
        before = probe.at;
      }
    }
    ok(Math.max(...opening) <= most, `${opening} calls before the breakers opened`);
    strictEqual(partner.faults().join(), '');
    const p99 = await fleet.ask<{ before: number; others: number }>(
      `select percentile_cont(0.99) within group (order by applied_at - intended_at) filter (where intended_at between ${from} and ${at - 1}) as before,
        percentile_cont(0.99) within group (order by applied_at - intended_at) filter (where intended_at between ${at} and ${until}) as others
       from fault_list where right(patient, 1) <> '0'`,
    );
    const [before, others] = [Math.round(p99[0]?.before ?? 0), Math.round(p99[0]?.others ?? 0)];
    ok(others <= Math.max(2 * before, 1_000), `p99 of the others ${others} ms, before ${before} ms`);
    const far = fleet.load.sent.filter(({ patient }) => isFar(patient)).length;
    return {
      callsUntilOpen: opening.join(' '),
      openedMs,
      probes,
      closedMs,
      farEntries: far,
      othersP99Ms: others,
      beforeP99Ms: before,
      drainedMs,
      ...verdict,
    };
  },
};
