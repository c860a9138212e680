import { ok } from 'node:assert/strict';
import { eventually } from '../support/product.ts';
import type { Row } from './row.ts';

export const r07: Row = {
  id: 'R07',
  promise: 'a stale owner is fenced',
  fault: 'SIGSTOP of a worker past its session (6 s), under load, until the others have its partitions; then SIGCONT; 5 times',
  pass: 'what it still writes is refused (two owners = 0); it joins again by itself',
  async run(kit) {
    const fleet = await kit.fleet({
      workers: 3,
      load: { random: kit.random, rate: kit.rate, patients: kit.patients, act: (_, seq) => (seq % 7 === 0 ? 'wait 30' : '') },
    });
    const rounds = kit.times(5);
    fleet.load.start();
    await kit.seconds(3, 1);
    for (let round = 0; round < rounds; round++) {
      const victim = fleet.workers[kit.random.below(3)];
      const others = fleet.workers.filter((worker) => worker !== victim);
      victim?.kill('SIGSTOP');
      try {
        await eventually('the others to take over', async () => {
          const owned = await Promise.all(others.map((worker) => worker.metric('aorta_flow_partitions')));
          return owned.reduce((sum, count) => sum + count, 0) === 12;
        });
        await kit.seconds(3, 1);
      } finally {
        victim?.kill('SIGCONT');
      }
      await fleet.balanced();
      ok(victim?.running, 'it goes on');
      kit.note(`round ${round + 1} of ${rounds}: ${await fleet.effects()} of ${fleet.load.sent.length}`);
    }
    await fleet.load.stop();
    await fleet.drained();
    const fenced = await fleet.metric('aorta_flow_fenced_total');
    return { rounds, fencedGroups: fenced, ...(await fleet.verify()) };
  },
};
