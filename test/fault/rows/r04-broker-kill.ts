import { ok } from 'node:assert/strict';
import { privateCluster } from '../support/private-services.ts';
import type { Row } from './row.ts';

export const r04: Row = {
  id: 'R04',
  promise: 'brokers crash',
  fault: '3 brokers (acks=all, min.insync.replicas 2): SIGKILL of one, away for 5 s, 4 times, each back before the next',
  pass: 'no worker ends',
  async run(kit) {
    const cluster = kit.after(await privateCluster(3));
    const fleet = await kit.fleet({ workers: 2, brokers: cluster.brokers });
    fleet.load.start();
    await kit.seconds(5, 2);
    const rounds = kit.times(4);
    for (let round = 0; round < rounds; round++) {
      const at = kit.random.below(3);
      await cluster.nodes[at]?.stop('SIGKILL');
      await kit.seconds(5, 2);
      await cluster.nodes[at]?.start();
      await kit.seconds(2, 1);
      kit.note(`kill ${round + 1} of ${rounds}: ${await fleet.effects()} of ${fleet.load.sent.length}`);
    }
    await fleet.load.stop();
    const drainedMs = await fleet.drained();
    ok(fleet.running.length === 2, 'both workers still run');
    return { kills: rounds, drainedMs, refusedAppends: fleet.load.refused, ...(await fleet.verify()) };
  },
};
