import { ok } from 'node:assert/strict';
import type { Row } from './row.ts';

export const r01: Row = {
  id: 'R01',
  promise: 'worker crash: nothing lost, nothing twice',
  fault: 'SIGKILL of one of 3 workers 10 times, 3 s after the last one was back; it starts again at once',
  pass: 'all effects there 60 s after the last kill',
  async run(kit) {
    const fleet = await kit.fleet({ workers: 3 });
    const rounds = kit.times(10, 2);
    fleet.load.start();
    await kit.seconds(3, 1);
    for (let round = 0; round < rounds; round++) {
      const victim = kit.random.below(3);
      fleet.workers[victim]?.kill('SIGKILL');
      await fleet.workers[victim]?.exited;
      await fleet.start(victim);
      await kit.seconds(3, 1);
      kit.note(`kill ${round + 1} of ${rounds}: ${await fleet.effects()} of ${fleet.load.sent.length}`);
    }
    await fleet.load.stop();
    const drainedMs = await fleet.drained();
    ok(drainedMs < 60_000, `all effects ${drainedMs} ms after the last kill`);
    return { kills: rounds, drainedMs, ...(await fleet.verify()) };
  },
};
