import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Workers } from '../conformance.ts';
import { heldRow, laneRef, Owner } from './groups.ts';

const add = (...args: Parameters<typeof heldRow>) => ({ op: 'add' as const, row: heldRow(...args) });
const update = (...args: Parameters<typeof heldRow>) => ({ op: 'update' as const, row: heldRow(...args) });
const remove = (key: string, seq: number) => ({ op: 'remove' as const, key, seq });

export function heldTests(workers: Workers): void {
  describe('held list', () => {
    it('rows come back as written, nulls and binary headers too', async () => {
      const owner = await Owner.claim(workers.one);
      const bare = {
        recordKey: null,
        value: null,
        headers: {},
        due: null,
        reason: 'park' as const,
        errorClass: null,
        errorCode: null,
        operator: null,
      };
      await owner.commit({ held: [add('p', 1), add('p', 2, bare)] });
      assert.deepEqual(await workers.two.held(owner.lane, 'p', 0, 10), [heldRow('p', 1), heldRow('p', 2, bare)]);
    });

    it('a patient is read in order from a seq on, up to a limit', async () => {
      const owner = await Owner.claim(workers.one);
      await owner.commit({ held: [add('p', 3), add('q', 2), add('p', 1), add('p', 10), add('p', 4)] });
      const seqs = async (from: number, limit: number) => (await workers.two.held(owner.lane, 'p', from, limit)).map((row) => row.seq);
      assert.deepEqual(await seqs(0, 10), [1, 3, 4, 10]);
      assert.deepEqual(await seqs(3, 2), [3, 4]);
      assert.deepEqual(await seqs(11, 2), []);
      assert.deepEqual(await workers.two.held({ ...owner.lane, partition: 9 }, 'p', 0, 10), []);
    });

    it('a claim lists each patient with count and head, in order of the heads', async () => {
      const owner = await Owner.claim(workers.one);
      await owner.commit({ held: [add('z', 1), add('a', 2), add('z', 3), add('m', 4), add('a', 11)] });
      const { held } = await workers.two.claim(owner.lane, 12);
      assert.deepEqual(held, [
        { key: 'z', count: 2, head: heldRow('z', 1) },
        { key: 'a', count: 2, head: heldRow('a', 2) },
        { key: 'm', count: 1, head: heldRow('m', 4) },
      ]);
    });

    it('add, update and remove apply in their order, in one group and over several', async () => {
      const owner = await Owner.claim(workers.one);
      await owner.commit({
        held: [
          add('p', 1),
          update('p', 1, { attempt: 2, due: null, reason: 'park', resume: 'later' }),
          add('q', 2),
          remove('q', 2),
          update('r', 3),
          add('s', 4),
        ],
      });
      assert.deepEqual(await workers.two.held(owner.lane, 'p', 0, 10), [
        heldRow('p', 1, { attempt: 2, due: null, reason: 'park', resume: 'later' }),
      ]);
      assert.deepEqual((await workers.two.heldKeys(owner.lane.flow, 10)).map((row) => row.key).sort(), ['p', 's']);
      await owner.commit({
        held: [update('p', 1, { attempt: 3, value: Buffer.from('resumed') }), update('gone', 9), remove('s', 4), remove('never', 5)],
      });
      await owner.commit({ held: [update('p', 1, { attempt: 4, redrives: 1 }), remove('p', 1), add('p', 1, { attempt: 5 })] });
      assert.deepEqual(await workers.two.held(owner.lane, 'p', 0, 10), [heldRow('p', 1, { attempt: 5 })]);
      assert.deepEqual(
        (await workers.two.claim(owner.lane, 12)).held.map((row) => row.key),
        ['p'],
      );
    });

    it('an operator sees the patients of all lanes of a flow', async () => {
      const lane = laneRef();
      const one = await Owner.claim(workers.one, lane);
      const two = await Owner.claim(workers.two, { ...lane, lane: 'alerts', partition: 4 });
      const other = await Owner.claim(workers.two, laneRef());
      await one.commit({ held: [add('p', 1), add('p', 2), add('q', 3)] });
      await two.commit({ held: [add('p', 1, { reason: 'breaker' })] });
      await other.commit({ held: [add('x', 1)] });
      const keys = await workers.one.heldKeys(lane.flow, 10);
      assert.deepEqual(
        [...keys].sort((a, b) => a.lane.partition - b.lane.partition || (a.key < b.key ? -1 : 1)),
        [
          { key: 'p', count: 2, head: heldRow('p', 1), lane: one.lane },
          { key: 'q', count: 1, head: heldRow('q', 3), lane: one.lane },
          { key: 'p', count: 1, head: heldRow('p', 1, { reason: 'breaker' }), lane: two.lane },
        ],
      );
      assert.equal((await workers.one.heldKeys(lane.flow, 2)).length, 2);
    });

    it('each place of a patient is found, over all lanes of a flow, with what its head waits for', async () => {
      const lane = laneRef();
      const one = await Owner.claim(workers.one, lane);
      const two = await Owner.claim(workers.two, { ...lane, partition: lane.partition + 1 });
      await one.commit({ held: [add('p', 3, { due: null, reason: 'park' }), add('p', 1, { due: 5 }), add('', 7), add('q', 2)] });
      await two.commit({ held: [add('p', 4, { due: null, reason: 'park', errorClass: 'Defect' })] });
      const { reason, errorClass } = heldRow('p', 1);
      const other = await Owner.claim(workers.one, laneRef());
      await other.commit({ held: [add('p', 9)] });
      // Of one and of thousands: an adapter may look for them in two ways.
      for (const nobodies of [1, 2000])
        assert.deepEqual(
          await workers.two.heldAt(lane.flow, ['p', '', 'p', ...Array.from({ length: nobodies }, (_, i) => `nobody-${i}`)]),
          [
            { key: '', seq: 7, due: heldRow('', 7).due, reason, errorClass, lane: one.lane },
            { key: 'p', seq: 1, due: 5, reason, errorClass, lane: one.lane },
            { key: 'p', seq: 4, due: null, reason: 'park', errorClass: 'Defect', lane: two.lane },
          ],
        );
      assert.deepEqual(await workers.one.heldAt(lane.flow, []), []);
    });

    it('holds many rows of many patients', async () => {
      const owner = await Owner.claim(workers.one);
      await owner.commit({ held: Array.from({ length: 600 }, (_, i) => add(`p${i % 30}`, i)) });
      const { held } = await workers.two.claim(owner.lane, 12);
      assert.equal(held.length, 30);
      assert.ok(held.every((row) => row.count === 20));
    });
  });
}
