import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/clock/clock.ts';
import { systemClock } from '../../src/clock/system.ts';
import { type CommitItem, GroupCommit } from '../../src/engine/group-commit.ts';
import type { Lane } from '../../src/engine/lane.ts';
import { error } from '../../src/errors/index.ts';
import type { GroupOutcome, LaneGroup, State } from '../../src/state/port.ts';
import { seededRandom } from '../../src/testing/index.ts';

interface Item extends CommitItem {
  readonly patient: string;
  readonly refused: boolean;
  withdrawn: boolean;
  /** The transaction that has it. */
  under: object | undefined;
}
interface Under {
  readonly partitions: ReadonlySet<number>;
  answer(): void;
}

/** Waits take no time. */
const clock: Clock = {
  ...systemClock,
  soon: (fn) => void setImmediate(fn),
  after: (_, fn) => {
    const timer = setImmediate(fn);
    return () => clearImmediate(timer);
  },
};

/** Turns of a few partitions, some with two sources; a store that answers in any order, fails now and then, and refuses some turns for good. */
async function run(seed: number): Promise<number> {
  const random = seededRandom(seed);
  const maxTurns = 1 + random.int(40);
  const lanes: Lane[] = [];
  for (let partition = 0, count = 1 + random.int(8); partition < count; partition++) {
    const siblings: Lane[] = [];
    for (const topic of random.chance(0.4) ? ['a', 'b'] : ['a']) {
      const lane = {
        owned: true,
        partition: { topic, partition },
        siblings,
        buildGroup: (items: readonly CommitItem[]) => ({ lane: { partition }, items }) as unknown as LaneGroup,
        groupDurable: (_: LaneGroup, items: readonly CommitItem[]) => {
          for (const item of items) item.durable();
        },
        groupFailed: () => {},
        withdrawn: (item: CommitItem) => (item as Item).withdrawn,
      } as unknown as Lane;
      siblings.push(lane);
      lanes.push(lane);
    }
  }

  const under: Under[] = [];
  let most = 0;
  const transact = (groups: readonly LaneGroup[]): Promise<readonly GroupOutcome[]> =>
    new Promise((resolve, reject) => {
      const items = (groups as unknown as { items: readonly Item[] }[]).flatMap((each) => each.items);
      const partitions = new Set(groups.map(({ lane }) => lane.partition));
      assert.ok(!under.some((other) => [...other.partitions].some((partition) => partitions.has(partition))), 'a partition in both');
      assert.ok(items.length <= maxTurns);
      assert.ok(items.length === 1 || !items.some(({ alone }) => alone), 'one that is alone, with others');
      const here: Under = {
        partitions,
        answer: () => {
          under.splice(under.indexOf(here), 1);
          if (random.chance(0.1)) reject(error('AORTA_STATE_001', { problem: 'away' }));
          else if (items.some(({ refused }) => refused)) reject(error('AORTA_STATE_002', { problem: 'refused' }));
          else resolve(groups.map(() => 'applied'));
        },
      };
      for (const item of items) item.under = here;
      under.push(here);
      most = Math.max(most, under.length);
    });
  const commits = new GroupCommit({ transact } as unknown as State, clock, random, { maxTurns, maxBytes: 1 + random.int(100) }, () => {});

  const patients = new Map<string, Item[]>();
  const alone = new Set<string>();
  let [pushed, ended] = [0, 0];
  const push = (lane: Lane): void => {
    const patient = `${lane.partition.partition}/${random.int(3)}`;
    const turns = patients.get(patient) ?? [];
    patients.set(patient, turns);
    const item = {
      ...{ lane, patient, refused: random.chance(0.02), withdrawn: false, size: 1 + random.int(10) },
      get alone() {
        return alone.has(patient);
      },
      durable() {
        const before = turns.slice(0, turns.indexOf(item));
        assert.ok(turns.includes(item), 'ended twice');
        // A transaction tells its lanes one after the other.
        assert.ok(
          before.every((other) => other.under === item.under && other.lane !== lane),
          'out of order',
        );
        turns.splice(before.length, 1);
        alone.delete(patient);
        ended++;
      },
      rejected() {
        assert.equal(turns[0], item);
        ended += turns.length;
        for (const later of turns.slice(1)) later.withdrawn = true;
        commits.withdraw((other) => (other as Item).withdrawn);
        turns.length = 0;
        alone.add(patient);
      },
    } as unknown as Item;
    turns.push(item);
    commits.push(item);
    pushed++;
  };
  const answer = (): void => under[random.int(under.length)]?.answer();

  const count = 100 + random.int(600);
  while (pushed < count) {
    for (let n = random.int(50); n > 0; n--) push(lanes[Math.floor(random.next() ** 2 * lanes.length)] as Lane);
    await turn();
    for (; under.length > 0 && random.chance(0.6); await turn()) answer();
  }
  let drained = false;
  void commits.drained().then(() => {
    drained = true;
  });
  for (let n = 0; n < 20_000 && !drained; n++) {
    answer();
    await turn();
  }
  assert.ok(drained, 'never drained');
  assert.equal(ended, pushed);
  return most;
}

describe('group commit', () => {
  it('writes each turn once and in order, in two transactions at once, whatever fails and is refused', async (t) => {
    let two = 0;
    for (let seed = 1; seed <= 100; seed++) {
      t.diagnostic(`seed ${seed}`);
      if ((await run(seed)) === 2) two++;
    }
    assert.ok(two >= 50, `two at once with ${two} seeds`);
  });
});
