import { ok } from 'node:assert/strict';
import { privateCluster } from '../support/private-services.ts';
import type { Row } from './row.ts';

export const r03: Row = {
  id: 'R03',
  promise: 'brokers restart cleanly',
  fault: '3 brokers: SIGTERM of one at a time, 3 times; then all of them away for 25 s',
  pass: 'work resumes within 15 s after the brokers are back',
  async run(kit) {
    const cluster = kit.after(await privateCluster(3));
    const fleet = await kit.fleet({ workers: 2, brokers: cluster.brokers });
    fleet.load.start();
    await kit.seconds(5, 2);
    const rounds = kit.times(3);
    for (let round = 0; round < rounds; round++) {
      const node = cluster.nodes[round % 3];
      await node?.stop('SIGTERM');
      await kit.seconds(2, 1);
      await node?.start();
      kit.note(`broker ${(round % 3) + 1} back: ${await fleet.effects()} of ${fleet.load.sent.length}`);
    }
    await Promise.all(cluster.nodes.map((node) => node.stop('SIGTERM')));
    await kit.seconds(25, 10);
    await Promise.all(cluster.nodes.map((node) => node.start()));
    const resumedMs = await fleet.resumes();
    kit.note(`all away and back: resumed after ${resumedMs} ms`);
    await fleet.load.stop();
    const drainedMs = await fleet.drained();
    ok(fleet.running.length === 2, 'both workers still run');
    ok(resumedMs < 15_000, `resumed ${resumedMs} ms after the brokers were back`);
    return { restarts: rounds, resumedMs, drainedMs, refusedAppends: fleet.load.refused, ...(await fleet.verify()) };
  },
};
