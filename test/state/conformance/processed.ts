import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { processedTable } from '../../../src/state/processed.ts';
import { effect } from '../../../src/state/table.ts';
import type { Workers } from '../conformance.ts';
import { group, laneRef, Owner, source } from './groups.ts';

export function processedTests(workers: Workers): void {
  describe('processed ids', () => {
    const pass = (flow: string, node: string, key: string, id: string, coordinate: string, at = 1_000) => ({
      effect: effect.insert(processedTable, { flow, node, key, id, coordinate, at }),
      source,
    });

    it('are there with the group that let them pass, for each flow, node, patient and id', async () => {
      const lane = laneRef();
      const owner = await Owner.claim(workers.one, lane);
      const { flow } = lane;
      assert.deepEqual(await workers.two.processed(flow, [{ node: 'n', key: 'p1', id: 'a' }]), [null]);
      await owner.commit({ effects: [pass(flow, 'n', 'p1', 'a', 't/0/1/0'), pass(flow, 'n', 'p1', 'b "x"', 't/0/2/0')] });
      const asked = [
        { node: 'n', key: 'p1', id: 'b "x"' },
        { node: 'n', key: 'p1', id: 'c' },
        { node: 'n', key: 'p1', id: 'a' },
        { node: 'm', key: 'p1', id: 'a' },
        { node: 'n', key: 'p2', id: 'a' },
        { node: 'n', key: 'p1', id: 'a' },
      ];
      assert.deepEqual(await workers.two.processed(flow, asked), ['t/0/2/0', null, 't/0/1/0', null, null, 't/0/1/0']);
      assert.deepEqual(await workers.two.processed(`${flow}x`, asked.slice(0, 1)), [null]);
      assert.deepEqual(await workers.two.processed(flow, []), []);
    });

    it('the first record keeps its id', async () => {
      const lane = laneRef();
      const owner = await Owner.claim(workers.one, lane);
      await owner.commit({ effects: [pass(lane.flow, 'n', 'p', 'a', 'first')] });
      await owner.commit({ effects: [pass(lane.flow, 'n', 'p', 'a', 'second')] });
      assert.deepEqual(await workers.two.processed(lane.flow, [{ node: 'n', key: 'p', id: 'a' }]), ['first']);
    });

    it('a fenced owner leaves none', async () => {
      const lane = laneRef();
      const old = await Owner.claim(workers.one, lane);
      await workers.two.claim(lane, 12);
      await workers.one.transact([{ ...group(lane, old.claimed.epoch, 1), effects: [pass(lane.flow, 'n', 'p', 'a', 'old')] }]);
      assert.deepEqual(await workers.two.processed(lane.flow, [{ node: 'n', key: 'p', id: 'a' }]), [null]);
    });

    it('are forgotten by age, in portions, and only those of the node', async () => {
      const lane = laneRef();
      const owner = await Owner.claim(workers.one, lane);
      const { flow } = lane;
      await owner.commit({
        effects: [
          ...Array.from({ length: 5 }, (_, i) => pass(flow, 'n', 'p', `old-${i}`, 'c', 1_000 + i)),
          pass(flow, 'n', 'p', 'young', 'c', 2_000),
          pass(flow, 'm', 'p', 'old', 'c', 1_000),
        ],
      });
      assert.equal(await workers.two.forgetProcessed(flow, 'n', 2_000, 3), 3);
      assert.equal(await workers.two.forgetProcessed(flow, 'n', 2_000, 3), 2);
      assert.equal(await workers.two.forgetProcessed(flow, 'n', 2_000, 3), 0);
      assert.deepEqual(
        await workers.one.processed(flow, [
          { node: 'n', key: 'p', id: 'old-4' },
          { node: 'n', key: 'p', id: 'young' },
          { node: 'm', key: 'p', id: 'old' },
        ]),
        [null, 'c', 'c'],
      );
    });
  });
}
