import { ok, strictEqual } from 'node:assert/strict';
import type { Row } from './row.ts';

export const r25: Row = {
  id: 'R25',
  promise: 'SIGTERM drains',
  fault: 'SIGTERM of one of 3 workers under load, 50 times; each starts again while the next one ends',
  pass: 'exit 0 within 10 s each time; committed offset = last effect; the next owner handles nothing again',
  async run(kit) {
    const fleet = await kit.fleet({ workers: 3 });
    const rounds = kit.times(50, 2);
    const stops: number[] = [];
    const starting: Promise<unknown>[] = [];
    fleet.load.start();
    for (let round = 0; round < rounds; round++) {
      const n = round % 3;
      await starting[n];
      await kit.seconds(0, 0.3 + kit.random.next());
      stops.push(await fleet.end(n));
      starting[n] = fleet.start(n);
      starting[n]?.catch(() => {});
      if (round % 10 === 9) kit.note(`${round + 1} of ${rounds}: slowest ${Math.max(...stops)} ms`);
    }
    await Promise.all(starting);
    await fleet.load.stop();
    await fleet.drained(240_000);
    const verdict = await fleet.verify();
    strictEqual(fleet.handled().size, verdict.sent, 'each handler run was noted');
    strictEqual(verdict.handledAgain, 0, 'nothing was handled again');
    const slowest = Math.max(...stops);
    ok(slowest < 10_000, `the slowest stop took ${slowest} ms`);
    return { stops: rounds, slowestStopMs: slowest, ...verdict };
  },
};
