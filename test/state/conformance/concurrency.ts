import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classOf } from '../../../src/errors/index.ts';
import type { Workers } from '../conformance.ts';
import { type Bed, bed, bedTable, group, laneRef, Owner, write } from './groups.ts';

export function concurrencyTests(workers: Workers): void {
  describe('two workers', () => {
    it('claims of one lane at once give each its own epoch', async () => {
      const lane = laneRef();
      const claims = await Promise.all(Array.from({ length: 12 }, (_, i) => (i % 2 ? workers.one : workers.two).claim(lane, 12)));
      assert.equal(new Set(claims.map((claimed) => claimed.epoch)).size, 12);
    });

    it('writing the same rows in opposite orders both go through', async () => {
      const beds = await bedTable(workers.one);
      const one = await Owner.claim(workers.one);
      const two = await Owner.claim(workers.two);
      const ids = Array.from({ length: 20 }, (_, i) => `bed-${i}`);
      const effects = (order: string[], ward: string, round: number) =>
        order.flatMap((id, i) => [
          write.insert(beds, bed(id, { ward })),
          i % 3 === 0 ? write.update(beds, { id }, { moved: round, ward }) : write.upsert(beds, bed(id, { ward, moved: round }), 'moved'),
          ...(i % 7 === round % 7 ? [write.remove(beds, { id })] : []),
        ]);
      for (let round = 0; round < 20; round++) {
        const outcomes = await Promise.all([
          one.commit({ effects: effects(ids, 'one', round) }),
          two.commit({ effects: effects([...ids].reverse(), 'two', round) }),
        ]);
        assert.deepEqual(outcomes, ['applied', 'applied']);
      }
      const rows = await workers.one.query<Bed>(`select id, ward from ${beds.name}`, []);
      assert.ok(rows.every((row) => row.ward === 'one' || row.ward === 'two'));
    });

    it('nothing of the old owner is written once the new owner has its claim', async () => {
      const beds = await bedTable(workers.one);
      for (let round = 0; round < 10; round++) {
        const lane = laneRef();
        const old = await Owner.claim(workers.one, lane);
        let stop = false;
        let committed = 0;
        const writing = (async () => {
          for (let n = 1; !stop; n++) {
            if ((await old.commit({ effects: [write.upsert(beds, bed(lane.flow, { moved: n }))] })) === 'fenced') return;
            committed = n;
          }
        })();
        while (committed < 3) await new Promise((resolve) => setImmediate(resolve));
        const claimed = await workers.two.claim(lane, 12);
        const rowThen = await workers.two.query<Bed>(`select moved from ${beds.name} where id = ?`, [lane.flow]);
        stop = true;
        await writing;
        const rowLater = await workers.two.query<Bed>(`select moved from ${beds.name} where id = ?`, [lane.flow]);
        assert.equal(rowThen[0]?.moved, claimed.group);
        assert.deepEqual(rowLater, rowThen);
        assert.equal((await workers.two.claim(lane, 12)).group, claimed.group);
      }
    });

    it('the same group sent twice at once is applied once', async () => {
      const beds = await bedTable(workers.one);
      const owner = await Owner.claim(workers.one);
      for (let n = 1; n <= 10; n++) {
        const sent = group(owner.lane, owner.claimed.epoch, n, {
          effects: [write.insert(beds, bed(`bed-${n}`))],
          outbox: [{ topic: 't', partition: 0, key: 'k', value: null, headers: {}, timestamp: n }],
        });
        assert.deepEqual(await Promise.all([workers.one.transact([sent]), workers.two.transact([sent])]), [['applied'], ['applied']]);
      }
      const claimed = await workers.one.claim(owner.lane, 12);
      assert.equal(claimed.group, 10);
      assert.equal(claimed.outbox.length, 10);
    });

    it('a closed State rejects and closes again in peace', async () => {
      const state = await workers.open();
      await state.ping();
      await state.close();
      await state.close();
      await assert.rejects(state.ping(), (thrown) => ['Transient', 'Cancelled'].includes(classOf(thrown)));
    });
  });
}
