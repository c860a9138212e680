import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Workers } from '../conformance.ts';
import { Owner } from './groups.ts';

/** Of the memory store too, on which the simulator runs. */
export function suspectTests(workers: Workers): void {
  describe('suspects', () => {
    const begun = (offset: number) => ({ offset, note: 'begun' as const });
    const over = (offset: number) => ({ offset, note: 'over' as const });
    const settled = (offset: number) => ({ offset, note: 'settled' as const });

    it('have one note an epoch, which its owner takes back, until the record is settled', async () => {
      const first = await Owner.claim(workers.one);
      const { lane } = first;
      await first.commit({ suspects: [begun(12), begun(7), begun(9), begun(12), begun(-5)] });
      await first.commit({ suspects: [over(7), over(3)] });
      const one = first.claimed.epoch;
      const standing = [-5, 9, 12].map((offset) => ({ offset, epoch: one }));
      assert.deepEqual(await workers.two.suspects(lane), standing);
      const second = await Owner.claim(workers.two, lane);
      assert.deepEqual(second.claimed.suspects, standing);
      const two = second.claimed.epoch;
      // What an owner takes back is its own; what is settled is gone with all notes.
      await second.commit({ suspects: [begun(9), begun(12), begun(20), over(-5), over(20), settled(12)] });
      const after = [
        { offset: -5, epoch: one },
        { offset: 9, epoch: one },
        { offset: 9, epoch: two },
      ];
      assert.deepEqual(await workers.one.suspects(lane), after);
      // A clean slate and a try in one group: only the new note stands.
      await second.commit({ suspects: [over(9), settled(9), begun(9)] });
      assert.deepEqual((await workers.one.claim(lane, 12)).suspects, [
        { offset: -5, epoch: one },
        { offset: 9, epoch: two },
      ]);
    });

    it('of an owner that lost the lane and lives are taken back without the lane, and nobody else’s', async () => {
      const first = await Owner.claim(workers.one);
      const { lane } = first;
      const other = await Owner.claim(workers.one);
      await workers.one.transact([first.next({ suspects: [begun(1), begun(2), begun(3)] }), other.next({ suspects: [begun(1)] })]);
      const second = await Owner.claim(workers.two, lane);
      await second.commit({ suspects: [begun(1), begun(2)] });
      assert.equal(await first.commit({ suspects: [over(1)] }), 'fenced');
      const [one, two] = [first.claimed.epoch, second.claimed.epoch];
      await workers.one.outlived(lane, one, [1, 3, 99]);
      const standing = [
        { offset: 1, epoch: two },
        { offset: 2, epoch: one },
        { offset: 2, epoch: two },
      ];
      assert.deepEqual(await workers.two.suspects(lane), standing);
      await workers.one.outlived(lane, one, [1, 3]);
      await workers.one.outlived(lane, one, []);
      await workers.one.outlived({ ...lane, lane: 'never-claimed' }, one, [1, 2]);
      assert.deepEqual((await workers.two.claim(lane, 12)).suspects, standing);
      assert.deepEqual(await workers.one.suspects(other.lane), [{ offset: 1, epoch: other.claimed.epoch }]);
      assert.deepEqual(await workers.one.suspects({ ...lane, lane: 'never-claimed' }), []);
    });
  });
}
