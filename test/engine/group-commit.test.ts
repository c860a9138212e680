import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { systemClock, systemRandom } from '../../src/clock/system.ts';
import { type CommitItem, GroupCommit } from '../../src/engine/group-commit.ts';
import type { Lane } from '../../src/engine/lane.ts';
import type { GroupOutcome, LaneGroup, State } from '../../src/state/port.ts';

const maxTurns = 40;

/** A store that answers when it is told to, and lanes that keep what became durable. */
function writing() {
  const under: { readonly partitions: readonly number[]; readonly size: number; answer(): void }[] = [];
  const durable: string[] = [];
  const lanes = new Map<number, Lane>();
  const laneOf = (partition: number): Lane => {
    const known = lanes.get(partition);
    if (known) return known;
    const siblings: Lane[] = [];
    const lane = {
      owned: true,
      partition: { topic: 'in', partition },
      siblings,
      buildGroup: (items: readonly CommitItem[]) => ({ lane: { partition }, items }) as unknown as LaneGroup,
      groupDurable: (_: LaneGroup, items: readonly CommitItem[]) => {
        for (const item of items) item.durable();
      },
    } as unknown as Lane;
    siblings.push(lane);
    lanes.set(partition, lane);
    return lane;
  };
  const transact = (groups: readonly LaneGroup[]): Promise<readonly GroupOutcome[]> =>
    new Promise((resolve) => {
      const size = (groups as unknown as { items: unknown[] }[]).reduce((sum, { items }) => sum + items.length, 0);
      const here = { partitions: groups.map(({ lane }) => lane.partition), size, answer: () => {} };
      here.answer = () => {
        under.splice(under.indexOf(here), 1);
        resolve(groups.map(() => 'applied'));
      };
      under.push(here);
    });
  const commits = new GroupCommit({ transact } as unknown as State, systemClock, systemRandom, { maxTurns, maxBytes: 1_000_000 }, () => {});
  let pushed = 0;
  const push = (partition: number): void => {
    const name = `${partition}/${pushed++}`;
    commits.push({ lane: laneOf(partition), alone: false, size: 1, durable: () => durable.push(name) } as unknown as CommitItem);
  };
  return { commits, push, under, durable };
}

describe('group commit', () => {
  it('writes in two transactions at once when there is much, never a partition in both', async () => {
    const { commits, push, under, durable } = writing();
    for (let n = 0; n < 400; n++) push(n % 6);
    await turn();
    let most = 0;
    let last = 0;
    while (commits.busy) {
      most = Math.max(most, under.length);
      const partitions = under.flatMap((each) => each.partitions);
      assert.equal(new Set(partitions).size, partitions.length);
      for (const { size } of under) assert.ok(size <= maxTurns);
      // The one that was sent last answers first.
      (last++ % 2 === 0 ? under.at(-1) : under[0])?.answer();
      await turn();
    }
    assert.equal(most, 2);
    assert.equal(durable.length, 400);
    for (let partition = 0; partition < 6; partition++) {
      const numbers = durable.filter((name) => name.startsWith(`${partition}/`)).map((name) => Number(name.split('/')[1]));
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
      );
    }
  });

  it('writes in one when there is little', async () => {
    const { commits, push, under, durable } = writing();
    for (let n = 0; n < 8; n++) push(n);
    await turn();
    assert.deepEqual(
      under.map(({ size }) => size),
      [8],
    );
    for (let n = 0; n < 8; n++) push(8 + n);
    await turn();
    assert.equal(under.length, 1);
    let drained = false;
    void commits.drained().then(() => {
      drained = true;
    });
    under[0]?.answer();
    await turn();
    assert.deepEqual([under.map(({ size }) => size), drained], [[8], false]);
    under[0]?.answer();
    await turn();
    assert.deepEqual([durable.length, drained, commits.busy], [16, true, false]);
  });
});
