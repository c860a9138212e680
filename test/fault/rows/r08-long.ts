import { ok, strictEqual } from 'node:assert/strict';
import type { Row } from './row.ts';

export const r08: Row = {
  id: 'R08',
  promise: 'a long handler does not cost the member its place',
  fault: 'a handler that runs for 3 sessions (90 s; declared deadline 120 s) for one patient, the load goes on elsewhere',
  pass: "no rebalance (epochs stay), nothing handled again; the others' p99 at most doubles (or stays below 1 s)",
  async run(kit) {
    const waitMs = Math.max(Math.round(90_000 * kit.scale), 9_000);
    const engine = { sessionTimeoutMs: Math.max(Math.round(30_000 * kit.scale), 3_000) };
    const fleet = await kit.fleet({ workers: 2, engine, env: { FAULT_DEADLINE: '120000' } });
    fleet.load.start();
    await kit.seconds(8, 5);
    await fleet.load.stop();
    await fleet.drained();
    const epochs = () => fleet.ask<{ sum: string }>('select sum(epoch) as sum from aorta_lane');
    const [before] = await epochs();
    const from = Date.now();
    await fleet.load.offer('slow', [`wait ${waitMs}`, '', '']);
    fleet.load.start();
    await kit.seconds(waitMs / 1000 / kit.scale);
    await fleet.load.stop();
    await fleet.drained();
    const [after] = await epochs();
    strictEqual(after?.sum, before?.sum, 'no partition has got a new owner');
    const verdict = await fleet.verify();
    strictEqual(verdict.handledAgain, 0);
    const [p99] = await fleet.ask<{ calm: number; meanwhile: number }>(
      `select percentile_cont(0.99) within group (order by applied_at - intended_at) filter (where intended_at < ${from}) as calm,
        percentile_cont(0.99) within group (order by applied_at - intended_at) filter (where intended_at >= ${from}) as meanwhile
       from fault_list where patient <> 'slow'`,
    );
    const [calm, meanwhile] = [Math.round(p99?.calm ?? 0), Math.round(p99?.meanwhile ?? 0)];
    ok(meanwhile <= Math.max(2 * calm, 1_000), `p99 of the others: ${calm} ms, meanwhile ${meanwhile} ms`);
    return { handlerMs: waitMs, calmP99Ms: calm, othersP99Ms: meanwhile, ...verdict };
  },
};
