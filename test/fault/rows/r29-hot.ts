import { ok } from 'node:assert/strict';
import type { Row } from './row.ts';

export const r29: Row = {
  id: 'R29',
  promise: 'a hot patient does not slow the others',
  fault: 'one patient has half of the load for 20 s, after 15 s with an even one',
  pass: 'p99 of the others at most doubles (or stays below 1 s)',
  async run(kit) {
    let hot = 0;
    const load = { random: kit.random, rate: kit.rate, patients: kit.patients, hot: () => hot };
    const fleet = await kit.fleet({ workers: 2, load });
    fleet.load.start();
    // What a new fleet needs to warm up is nobody's latency.
    await kit.seconds(6, 4);
    const from = Date.now();
    await kit.seconds(15, 8);
    hot = 0.5;
    const at = Date.now();
    await kit.seconds(20, 8);
    await fleet.load.stop();
    const drainedMs = await fleet.drained();
    const verdict = await fleet.verify();
    const [p99] = await fleet.ask<{ even: number; others: number }>(
      `select percentile_cont(0.99) within group (order by applied_at - intended_at) filter (where intended_at between ${from} and ${at}) as even,
        percentile_cont(0.99) within group (order by applied_at - intended_at) filter (where intended_at > ${at}) as others
       from fault_list where patient <> 'p0'`,
    );
    const [even, others] = [Math.round(p99?.even ?? 0), Math.round(p99?.others ?? 0)];
    ok(others <= Math.max(2 * even, 1_000), `p99 of the others ${others} ms, before ${even} ms`);
    return {
      evenP99Ms: even,
      othersP99Ms: others,
      hotEntries: fleet.load.sent.filter(({ patient }) => patient === 'p0').length,
      drainedMs,
      ...verdict,
    };
  },
};
