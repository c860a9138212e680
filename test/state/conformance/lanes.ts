import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classOf } from '../../../src/errors/index.ts';
import type { Workers } from '../conformance.ts';
import { bed, bedTable, group, laneRef, Owner, source, write } from './groups.ts';

export function laneTests(workers: Workers): void {
  describe('lanes', () => {
    it('a lane is new and clean at its first claim', async () => {
      const claimed = await workers.one.claim(laneRef(), 12);
      assert.ok(claimed.epoch > 0);
      assert.deepEqual(
        { ...claimed, epoch: 0 },
        {
          epoch: 0,
          group: 0,
          sentThrough: 0,
          applied: { watermark: 0, runs: [], hops: {} },
          clean: true,
          partitions: 12,
          outbox: [],
          held: [],
          suspects: [],
        },
      );
    });

    it('every claim raises the epoch and finds the lane unclean, unless its owner released it', async () => {
      const lane = laneRef();
      const first = await workers.one.claim(lane, 12);
      const second = await workers.two.claim(lane, 12);
      assert.ok(second.epoch > first.epoch);
      assert.equal(second.clean, false);
      await workers.two.release(lane, second.epoch);
      const third = await workers.one.claim(lane, 12);
      assert.equal(third.clean, true);
      assert.equal((await workers.one.claim(lane, 12)).clean, false);
    });

    it('a release under an old epoch changes nothing', async () => {
      const lane = laneRef();
      const old = await workers.one.claim(lane, 12);
      await workers.two.claim(lane, 12);
      await workers.one.release(lane, old.epoch);
      assert.equal((await workers.two.claim(lane, 12)).clean, false);
    });

    it('keeps the partition count of the first claim', async () => {
      const lane = laneRef();
      await workers.one.claim(lane, 12);
      assert.equal((await workers.one.claim(lane, 24)).partitions, 12);
    });

    it('lanes of a flow, topic and partition are apart', async () => {
      const main = laneRef();
      const others = [
        { ...main, lane: 'alerts' },
        { ...main, topic: 'hl7.oru' },
        { ...main, partition: 1 },
        { ...main, flow: `${main.flow}x` },
      ];
      const owner = await Owner.claim(workers.one, main);
      assert.equal(await owner.commit(), 'applied');
      for (const lane of others) assert.equal((await workers.one.claim(lane, 12)).group, 0);
      assert.equal((await workers.one.claim(main, 12)).group, 1);
    });

    it('the applied set, the group number and sentThrough come back as written', async () => {
      const owner = await Owner.claim(workers.one);
      const applied = {
        watermark: 9_007_199_254_740_000,
        runs: [[9_007_199_254_740_003, 9_007_199_254_740_005] as const],
        hops: { 'adt/3': 17, 'a "b"/0': 2 },
      };
      await owner.commit({ applied, outbox: [], sentThrough: 0 });
      await owner.commit({ applied, sentThrough: 1 });
      const claimed = await workers.two.claim(owner.lane, 12);
      assert.deepEqual(claimed.applied, applied);
      assert.equal(claimed.group, 2);
      assert.equal(claimed.sentThrough, 1);
    });

    it('a group of an older epoch is fenced while another group of the same call is applied', async () => {
      const beds = await bedTable(workers.one);
      const stale = await Owner.claim(workers.one);
      const current = await Owner.claim(workers.one);
      const newer = await workers.two.claim(stale.lane, 12);
      const outcomes = await workers.one.transact([
        stale.next({
          effects: [write.insert(beds, bed('stale'))],
          states: [{ store: 's', key: 'stale', value: Buffer.from('1'), version: 1, source }],
          timers: [{ node: 'n', key: 'stale', name: 't', due: 1, payload: null, eventId: 'e' }],
          suspects: [{ offset: 4, note: 'begun' }],
        }),
        current.next({ effects: [write.insert(beds, bed('current'))] }),
      ]);
      assert.deepEqual(outcomes, ['fenced', 'applied']);
      assert.deepEqual(await workers.two.query(`select id from ${beds.name}`, []), [{ id: 'current' }]);
      assert.deepEqual(await workers.two.states(stale.lane.flow, 's', ['stale']), [null]);
      assert.deepEqual(await workers.two.timers(stale.lane, 10, 10), []);
      const after = await workers.two.claim(stale.lane, 12);
      assert.deepEqual([after.group, after.suspects], [0, []]);
      assert.ok(after.epoch > newer.epoch);
    });

    it('all groups may be fenced, also of a lane that nobody ever claimed', async () => {
      const stale = await Owner.claim(workers.one);
      await workers.two.claim(stale.lane, 12);
      assert.deepEqual(await workers.one.transact([stale.next(), group(laneRef(), 1, 1)]), ['fenced', 'fenced']);
    });

    it('a group that already committed is applied again without effect', async () => {
      const beds = await bedTable(workers.one);
      const owner = await Owner.claim(workers.one);
      const first = owner.next({
        effects: [write.upsert(beds, bed('a', { ward: 'north' }))],
        states: [{ store: 's', key: 'a', value: Buffer.from('1'), version: 1, source }],
        outbox: [{ topic: 't', partition: 0, key: 'a', value: null, headers: {}, timestamp: 1 }],
      });
      assert.deepEqual(await workers.one.transact([first]), ['applied']);
      assert.deepEqual(await workers.one.transact([first]), ['applied']);
      await owner.commit({
        effects: [write.upsert(beds, bed('a', { ward: 'south' }))],
        states: [{ store: 's', key: 'a', value: Buffer.from('2'), version: 1, source }],
      });
      const other = await Owner.claim(workers.one);
      assert.deepEqual(await workers.one.transact([first, other.next({ effects: [write.insert(beds, bed('b'))] })]), [
        'applied',
        'applied',
      ]);
      assert.deepEqual(await workers.one.query(`select id, ward from ${beds.name} order by id`, []), [
        { id: 'a', ward: 'south' },
        { id: 'b', ward: null },
      ]);
      assert.equal((await workers.one.states(owner.lane.flow, 's', ['a']))[0]?.value.toString(), '2');
      const claimed = await workers.one.claim(owner.lane, 12);
      assert.equal(claimed.group, 2);
      assert.equal(claimed.outbox.length, 1);
    });

    it('a group with a number left out is a defect of the caller, and nothing is written', async () => {
      const owner = await Owner.claim(workers.one);
      owner.next();
      await assert.rejects(owner.commit(), (thrown) => classOf(thrown) === 'Defect');
      assert.equal((await workers.one.claim(owner.lane, 12)).group, 0);
    });

    it('several groups of one lane in one call apply in their order', async () => {
      const beds = await bedTable(workers.one);
      const owner = await Owner.claim(workers.one);
      const groups = ['north', 'south', 'west'].map((ward) => owner.next({ effects: [write.upsert(beds, bed('a', { ward }))] }));
      assert.deepEqual(await workers.one.transact(groups), ['applied', 'applied', 'applied']);
      assert.deepEqual(await workers.one.query(`select ward from ${beds.name}`, []), [{ ward: 'west' }]);
      assert.equal((await workers.one.claim(owner.lane, 12)).group, 3);
    });

    it('a failing effect writes nothing of any group of the call, and the good one can be tried again', async () => {
      const beds = await bedTable(workers.one);
      const good = await Owner.claim(workers.one);
      const bad = await Owner.claim(workers.one);
      const goodGroup = good.next({
        effects: [write.insert(beds, bed('good'))],
        states: [{ store: 's', key: 'k', value: Buffer.from('1'), version: 1, source }],
        timers: [{ node: 'n', key: 'k', name: 't', due: 1, payload: null, eventId: 'e' }],
      });
      const badGroup = bad.next({ effects: [write.upsert(beds, bed('bad', { id: null as never }))] });
      await assert.rejects(workers.one.transact([goodGroup, badGroup]), (thrown) => classOf(thrown) === 'Permanent');
      assert.deepEqual(await workers.one.query(`select id from ${beds.name}`, []), []);
      assert.deepEqual(await workers.one.states(good.lane.flow, 's', ['k']), [null]);
      assert.deepEqual(await workers.one.timers(good.lane, 10, 10), []);
      assert.deepEqual(await workers.one.transact([goodGroup]), ['applied']);
      assert.deepEqual(await workers.one.query(`select id from ${beds.name}`, []), [{ id: 'good' }]);
    });

    it('an empty call is answered', async () => {
      assert.deepEqual(await workers.one.transact([]), []);
    });
  });
}
