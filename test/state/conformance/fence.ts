import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { State } from '../../../src/state/port.ts';
import type { Workers } from '../conformance.ts';
import { group, laneRef, Owner, source } from './groups.ts';

/** Two lanes of one owner that name each other, as the main lanes of two sources do. */
async function pair(state: State, lanes = [laneRef()], other = { ...(lanes[0] as ReturnType<typeof laneRef>), topic: 'hl7.oru' }) {
  const one = await Owner.claim(state, lanes[0]);
  const two = await Owner.claim(state, other);
  const fenceOf = (owner: Owner) => [{ lane: owner.lane, epoch: owner.claimed.epoch }];
  return { one, two, first: fenceOf(two), second: fenceOf(one) };
}
const row = (store: string, key: string, value: string) => ({ store, key, value: Buffer.from(value), version: 1, source });

export function fenceTests(workers: Workers): void {
  describe('lanes with one owner', () => {
    it('are applied together, and each keeps its own applied set', async () => {
      const { one, two, first, second } = await pair(workers.one);
      assert.deepEqual(
        await workers.one.transact([
          one.next({ fence: first }),
          two.next({ fence: second, applied: { watermark: 7, runs: [], hops: {} } }),
        ]),
        ['applied', 'applied'],
      );
      assert.equal((await workers.two.claim(one.lane, 12)).applied.watermark, 10);
      assert.equal((await workers.two.claim(two.lane, 12)).applied.watermark, 7);
    });

    it('are fenced together: one that moved refuses the groups of all, whichever stands first', async () => {
      for (const moved of ['one', 'two'] as const) {
        const { one, two, first, second } = await pair(workers.one);
        await workers.two.claim((moved === 'one' ? one : two).lane, 12);
        const key = `k-${moved}`;
        const outcomes = await workers.one.transact([
          one.next({ fence: first, states: [row('s', key, '1')] }),
          two.next({ fence: second, states: [row('s', key, '2')] }),
        ]);
        assert.deepEqual(outcomes, ['fenced', 'fenced'], moved);
        assert.deepEqual(await workers.one.states(one.lane.flow, 's', [key]), [null]);
      }
    });

    it('a group alone is fenced when a lane that it only names has moved', async () => {
      const { one, two, first } = await pair(workers.one);
      await workers.two.claim(two.lane, 12);
      assert.deepEqual(await workers.one.transact([one.next({ fence: first })]), ['fenced']);
    });

    it('others in the same call go on', async () => {
      const { one, two, first, second } = await pair(workers.one);
      const stranger = await Owner.claim(workers.one);
      await workers.two.claim(two.lane, 12);
      assert.deepEqual(await workers.one.transact([one.next({ fence: first }), stranger.next(), two.next({ fence: second })]), [
        'fenced',
        'applied',
        'fenced',
      ]);
    });

    it('a lane that was never claimed fences whoever names it', async () => {
      const owner = await Owner.claim(workers.one);
      const fence = [{ lane: laneRef(), epoch: 1 }];
      assert.deepEqual(await workers.one.transact([owner.next({ fence })]), ['fenced']);
    });

    it('a group whose reply was lost is applied again without effect', async () => {
      const { one, two, first, second } = await pair(workers.one);
      const groups = [one.next({ fence: first, states: [row('s', 'k', '1')] }), two.next({ fence: second })];
      assert.deepEqual(await workers.one.transact(groups), ['applied', 'applied']);
      assert.deepEqual(await workers.one.transact(groups), ['applied', 'applied']);
      const again = group(one.lane, one.claimed.epoch, one.number, { fence: first });
      assert.deepEqual(await workers.one.transact([again]), ['applied']);
    });

    it('an owner that loses its lanes while it writes leaves all of its groups or none', async () => {
      for (let round = 0; round < 15; round++) {
        const { one, two, first, second } = await pair(workers.one);
        const key = `race-${round}`;
        const written = workers.one.transact([
          one.next({ fence: first, states: [row('s', key, 'one')] }),
          two.next({ fence: second, states: [row('t', key, 'two')] }),
        ]);
        await Promise.all([workers.two.claim(two.lane, 12), written]);
        const outcomes = await written;
        assert.equal(outcomes[0], outcomes[1], 'both or none');
        const [s] = await workers.one.states(one.lane.flow, 's', [key]);
        const [t] = await workers.one.states(one.lane.flow, 't', [key]);
        assert.deepEqual([s !== null, t !== null], [outcomes[0] === 'applied', outcomes[0] === 'applied']);
      }
    });

    it('two owners with one lane each are both refused, and neither waits for the other', async () => {
      const { one, two, first, second } = await pair(workers.one);
      const three = await Owner.claim(workers.two, one.lane);
      const stale = [{ lane: two.lane, epoch: two.claimed.epoch - 1 }];
      const [a, b] = await Promise.all([
        workers.one.transact([one.next({ fence: first }), two.next({ fence: second })]),
        workers.two.transact([three.next({ fence: stale })]),
      ]);
      assert.deepEqual([a, b], [['fenced', 'fenced'], ['fenced']]);
    });
  });
}
