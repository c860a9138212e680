import { ok } from 'node:assert/strict';
import { header } from '../../../src/log/port.ts';
import type { Row } from './row.ts';

export const r12: Row = {
  id: 'R12',
  promise: 'a producer that writes twice',
  fault: '20 % of the records stand in the log twice (same hop number), the second one up to 50 records later; 4 kills meanwhile',
  pass: 'the second one never runs',
  async run(kit) {
    const fleet = await kit.fleet({ workers: 2 });
    // The load writes behind itself what it wrote before, as a producer does that did not hear the acknowledgement.
    const written: Parameters<typeof fleet.log.append>[0][number][] = [];
    let twice = 0;
    const append = fleet.load.append.bind(fleet.load);
    fleet.load.append = async (batch) => {
      await append(batch);
      for (const record of batch) if (kit.random.next() < 0.2) written.push(record);
      if (written.length > 50) {
        const again = written.splice(0);
        twice += again.length;
        await append(again);
      }
    };
    fleet.load.start();
    const kills = kit.times(4);
    for (let kill = 0; kill < kills; kill++) {
      await kit.seconds(5, 2);
      const n = kit.random.below(2);
      fleet.workers[n]?.kill('SIGKILL');
      await fleet.workers[n]?.exited;
      await fleet.start(n);
    }
    await fleet.load.stop();
    const drainedMs = await fleet.drained();
    ok(twice > 0);
    const dropped = await fleet.metric('aorta_flow_sent_twice_total');
    ok(dropped > 0, `the metric names what was dropped (${header.seq})`);
    return { writtenTwice: twice, droppedSinceLastStart: dropped, kills, drainedMs, ...(await fleet.verify()) };
  },
};
