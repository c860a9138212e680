import { ok } from 'node:assert/strict';
import type { Row } from './row.ts';

export const r06: Row = {
  id: 'R06',
  promise: 'rebalance storm',
  fault: 'a third worker joins and leaves, by SIGTERM or SIGKILL in turn, as fast as it starts, for 40 s',
  pass: 'at least 30 % of the calm rate meanwhile; one owner at a time (epochs)',
  async run(kit) {
    const fleet = await kit.fleet({ workers: 2, engine: { sessionTimeoutMs: 3_000 } });
    fleet.load.start();
    await kit.seconds(5, 3);
    const begun = performance.now();
    const before = { sent: fleet.load.sent.length, effects: await fleet.effects() };
    const until = begun + Math.max(40 * kit.scale, 8) * 1000;
    let rounds = 0;
    while (performance.now() < until) {
      const third = await fleet.start(2);
      await kit.seconds(0, 0.2 + kit.random.next() * 0.5);
      if (rounds % 2 === 0) await fleet.end(2);
      else {
        third.kill('SIGKILL');
        await third.exited;
      }
      rounds++;
    }
    const sent = fleet.load.sent.length - before.sent;
    const share = ((await fleet.effects()) - before.effects) / sent;
    kit.note(`${rounds} times joined and left; ${(share * 100).toFixed(0)} % of what came was done meanwhile`);
    await fleet.load.stop();
    const drainedMs = await fleet.drained();
    const verdict = await fleet.verify();
    ok(share >= 0.3, `${(share * 100).toFixed(0)} % of the calm rate`);
    const epochs = (await fleet.db.query('select max(epoch) as n from fault_list')).rows[0] as { n: string };
    return { joins: rounds, shareOfCalm: share.toFixed(2), highestEpoch: Number(epochs.n), drainedMs, ...verdict };
  },
};
