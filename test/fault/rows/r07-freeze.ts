import { ok } from 'node:assert/strict';
import { createFaultProxy, type FaultProxy } from '../../../src/sandbox/proxy/index.ts';
import { freshDatabase } from '../../support/services.ts';
import { eventually } from '../support/product.ts';
import type { Row } from './row.ts';

export const r07: Row = {
  id: 'R07',
  promise: 'a stale owner is fenced',
  fault:
    '3 times under load: a worker is frozen (SIGSTOP) with a group on its way to the database, which the network holds; once the others have its partitions (session 6 s) the group arrives, then SIGCONT',
  pass: 'the late group is refused each time (`aorta_state_fenced_total` >= rounds), two owners = 0; the worker joins again by itself',
  async run(kit) {
    const database = await freshDatabase('fault');
    kit.after({ close: () => database.drop() });
    const { hostname, port } = new URL(database.url);
    const proxies: FaultProxy[] = [];
    for (let n = 0; n < 3; n++) proxies.push(kit.after(await createFaultProxy({ host: hostname, port: Number(port) })));
    const fleet = await kit.fleet({
      workers: 3,
      databaseUrl: proxies.map((proxy) => proxy.through(database.url)),
      direct: { databaseUrl: database.url },
    });
    const rounds = kit.times(3);
    let fenced = 0;
    fleet.load.start();
    await kit.seconds(3, 1);
    for (let round = 0; round < rounds; round++) {
      const at = kit.random.below(3);
      const [victim, proxy] = [fleet.workers[at], proxies[at]];
      ok(victim && proxy);
      const others = fleet.workers.filter((worker) => worker !== victim);
      const count = () => victim.metric('aorta_state_fenced_total');
      const before = await count();
      // Turns go on for a moment without the database: a group that holds some of them is sent, and goes nowhere.
      proxy.suffer({ blackHole: true });
      await kit.seconds(0, 0.2 + kit.random.next() * 0.2);
      victim.kill('SIGSTOP');
      try {
        await eventually('the others to take over', async () => {
          const owned = await Promise.all(others.map((worker) => worker.metric('aorta_flow_partitions')));
          return owned.reduce((sum, partitions) => sum + partitions, 0) === 12;
        });
        await kit.seconds(1, 0.5);
        // The late write reaches the database while its writer still sleeps.
        proxy.suffer();
        await kit.seconds(1, 0.5);
      } finally {
        proxy.suffer();
        victim.kill('SIGCONT');
      }
      await eventually('the late group to be refused', async () => (await count()) > before, 30_000);
      fenced += (await count()) - before;
      await fleet.balanced();
      ok(victim.running, 'it goes on');
      kit.note(`round ${round + 1} of ${rounds}: ${fenced} groups refused; ${await fleet.effects()} of ${fleet.load.sent.length}`);
    }
    await fleet.load.stop();
    await fleet.drained();
    ok(fenced >= rounds, `${fenced} late groups refused in ${rounds} rounds`);
    return { rounds, fencedGroups: fenced, ...(await fleet.verify()) };
  },
};
