import { ok, strictEqual } from 'node:assert/strict';
import type { Row } from './row.ts';

export const r02: Row = {
  id: 'R02',
  promise: 'rolling restart',
  fault: 'SIGTERM of 3 workers in turn, 4 rounds; each starts again before the next one ends',
  pass: 'exit 0 within 10 s each; no handler runs again',
  async run(kit) {
    const fleet = await kit.fleet({ workers: 3 });
    const rounds = kit.times(4);
    const stops: number[] = [];
    fleet.load.start();
    await kit.seconds(2, 1);
    for (let round = 0; round < rounds; round++) {
      for (let n = 0; n < 3; n++) {
        stops.push(await fleet.end(n));
        await fleet.start(n);
        await fleet.balanced();
      }
      kit.note(`round ${round + 1} of ${rounds}: ${await fleet.effects()} of ${fleet.load.sent.length}`);
    }
    await fleet.load.stop();
    await fleet.drained();
    const verdict = await fleet.verify();
    strictEqual(fleet.handled().size, verdict.sent, 'each handler run was noted');
    strictEqual(verdict.handledAgain, 0, 'a clean hand-over leaves nothing to be done again');
    const slowest = Math.max(...stops);
    ok(slowest < 10_000, `the slowest stop took ${slowest} ms`);
    const [{ stall }] = (
      await fleet.db.query(
        `select max(gap) as stall from (select applied_at - lag(applied_at) over (order by applied_at) as gap from fault_list) as gaps`,
      )
    ).rows as [{ stall: string }];
    return { stops: stops.length, slowestStopMs: slowest, longestStallMs: Number(stall), ...verdict };
  },
};
