import { ok } from 'node:assert/strict';
import { privateCluster } from '../support/private-services.ts';
import type { Row } from './row.ts';

export const r05: Row = {
  id: 'R05',
  promise: 'a broker hangs',
  fault: '3 brokers, each in turn a black hole for the workers for 14 s, then its connections are reset (one of them is the coordinator)',
  pass: 'work goes on within 15 s after it is back; no worker ends',
  async run(kit) {
    const cluster = kit.after(await privateCluster(3, { proxied: true }));
    const fleet = await kit.fleet({ workers: 2, brokers: cluster.brokers, direct: { brokers: cluster.nodes.map(({ url }) => url) } });
    fleet.load.start();
    await kit.seconds(5, 2);
    const resumed: number[] = [];
    const shares: string[] = [];
    for (const [at, proxy] of cluster.proxies.entries()) {
      const before = { sent: fleet.load.sent.length, effects: await fleet.effects() };
      proxy.suffer({ blackHole: true });
      await kit.seconds(14, 12);
      shares.push((((await fleet.effects()) - before.effects) / (fleet.load.sent.length - before.sent)).toFixed(2));
      proxy.suffer();
      proxy.reset();
      resumed.push(await fleet.resumes());
      kit.note(`broker ${at + 1}: ${shares.at(-1)} of what came was done meanwhile, resumed after ${resumed.at(-1)} ms`);
      await kit.seconds(3, 2);
    }
    await fleet.load.stop();
    const drainedMs = await fleet.drained();
    ok(fleet.running.length === 2, 'both workers still run');
    const slowest = Math.max(...resumed);
    ok(slowest < 15_000, `resumed ${slowest} ms after it was back`);
    return { shareMeanwhile: shares.join(' '), slowestResumeMs: slowest, drainedMs, ...(await fleet.verify()) };
  },
};
