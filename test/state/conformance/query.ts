import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Table } from '../../../src/state/table.ts';
import type { Workers } from '../conformance.ts';
import { type Bed, bed, bedTable, Owner, write } from './groups.ts';

export function queryTests(workers: Workers): void {
  describe('query', () => {
    let beds: Table<Bed>;
    const q = <T extends object>(sql: string, params: readonly (string | number | null)[] = []) =>
      workers.two.query<T>(sql.replaceAll('BED', beds.name), params);

    before(async () => {
      beds = await bedTable(workers.one);
      const owner = await Owner.claim(workers.one);
      await owner.commit({
        effects: [
          write.insert(beds, bed('a', { ward: 'north?', moved: 1_700_000_000_001, score: 1.5, active: true })),
          write.insert(beds, bed('b', { ward: "it's", moved: 1_700_000_000_002, score: 2.5, active: false })),
          write.insert(beds, bed('c', { moved: 3 })),
        ],
      });
    });

    it('takes ? places in order, of numbers and text', async () => {
      assert.deepEqual(await q('select id from BED where moved >= ? and id <> ? order by id limit ?', [1_700_000_000_001, 'b', 10]), [
        { id: 'a' },
      ]);
      assert.deepEqual(await q('select id from BED where score > ? and score < ?', [2, 2.75]), [{ id: 'b' }]);
      assert.deepEqual(await q('select id from BED order by id limit ? offset ?', [1, 2]), [{ id: 'c' }]);
      assert.deepEqual(await q('select id from BED where id in (?, ?) and active = ?', ['a', 'b', 1]), [{ id: 'a' }]);
    });

    it('a ? in a literal, a quoted name or a comment is no place', async () => {
      assert.deepEqual(await q(`select id, '?' as mark, 'it''s ?' as other from BED where ward = 'north?' and id = ?`, ['a']), [
        { id: 'a', mark: '?', other: "it's ?" },
      ]);
      assert.deepEqual(await q('select id as "why?" from BED where id = ? -- really ?\n', ['a']), [{ 'why?': 'a' }]);
      assert.deepEqual(await q('select id from BED /* which ? */ where id = ?', ['b']), [{ id: 'b' }]);
    });

    it('text that looks like SQL stays text', async () => {
      assert.deepEqual(await q('select id from BED where ward = ?', ["it's"]), [{ id: 'b' }]);
      assert.deepEqual(await q('select id from BED where id = ?', ["' or 1=1 --"]), []);
    });

    it('null works as a value', async () => {
      assert.deepEqual(await q('select id from BED where ward is null and coalesce(ward, ?) is null', [null]), [{ id: 'c' }]);
    });

    it('counts, sums and averages are numbers, comparisons are 0 and 1', async () => {
      assert.deepEqual(await q('select count(*) as n, sum(moved) as total, max(moved) as last, avg(score) as mean from BED'), [
        { n: 3, total: 3_400_000_000_006, last: 1_700_000_000_002, mean: 2 },
      ]);
      assert.deepEqual(await q('select id, moved = ? as found from BED order by id limit 2', [1_700_000_000_002]), [
        { id: 'a', found: 0 },
        { id: 'b', found: 1 },
      ]);
    });

    it('text sorts by its bytes', async () => {
      const words = await bedTable(workers.one);
      const owner = await Owner.claim(workers.one);
      await owner.commit({ effects: ['b', 'B', 'a', 'é', 'Z', '_'].map((id) => write.insert(words, bed(id))) });
      const rows = await workers.two.query<{ id: string }>(`select id from ${words.name} order by id`, []);
      assert.deepEqual(
        rows.map((row) => row.id),
        ['B', 'Z', '_', 'a', 'b', 'é'],
      );
    });

    it('sees the core tables', async () => {
      const owner = await Owner.claim(workers.one);
      await owner.commit();
      assert.deepEqual(await q('select epoch, group_number from aorta_lane where flow = ?', [owner.lane.flow]), [
        { epoch: owner.claimed.epoch, group_number: 1 },
      ]);
    });

    it('a wrong number of parameters is refused', async () => {
      await assert.rejects(q('select id from BED where id = ?', []));
      await assert.rejects(q('select id from BED where id = ?', ['a', 'b']));
    });

    it('only reads', async () => {
      await assert.rejects(q('delete from BED where id = ?', ['a']));
      await q('select id from BED; delete from BED').catch(() => {});
      assert.equal((await q('select id from BED')).length, 3);
    });
  });
}
