import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Entry, OffsetTracker } from '../../src/engine/offset-tracker.ts';
import type { Root } from '../../src/engine/root.ts';
import type { AppliedSet } from '../../src/state/port.ts';
import { seededRandom } from '../../src/testing/virtual-clock.ts';

const fresh: AppliedSet = { watermark: 0, runs: [], hops: {} };

describe('offset tracker', () => {
  it('commits up to the lowest record that is not settled, across gaps of the log', () => {
    const tracker = new OffsetTracker(fresh);
    const [a, b, c] = [0, 5, 9].map((offset) => tracker.add(offset, undefined, 0).entry);
    assert.equal(tracker.settledWatermark, 0);
    c!.settled = true;
    b!.settled = true;
    assert.equal(tracker.settledWatermark, 0);
    a!.settled = true;
    assert.equal(tracker.settledWatermark, 10);
  });

  it('lets go of what is settled as more is delivered, and commits the same', () => {
    const tracker = new OffsetTracker(fresh);
    for (let n = 0; n < 10_000; n++) {
      tracker.pass();
      const { entry } = tracker.add(n, undefined, 0);
      // One in a thousand waits.
      if (n % 1000 !== 999) entry.applied = entry.settled = true;
      assert.ok(n >= 999 || tracker.size <= 512, `${tracker.size} entries at ${n}`);
    }
    assert.equal(tracker.settledWatermark, 999);
    assert.equal(tracker.open, 10);
  });

  it('says the same whether or not what is settled is let go as more is delivered', () => {
    const step = fc.oneof(
      { arbitrary: fc.record({ kind: fc.constant('add' as const), count: fc.integer({ min: 1, max: 200 }), gap: fc.nat(3) }), weight: 3 },
      { arbitrary: fc.record({ kind: fc.constant('settle' as const), share: fc.integer({ min: 1, max: 10 }) }), weight: 3 },
      fc.record({ kind: fc.constant('confirm' as const) }),
      fc.record({ kind: fc.constant('look' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.integer(), (steps, seed) => {
        const random = seededRandom(seed);
        const [passing, plain] = [new OffsetTracker(fresh), new OffsetTracker(fresh)];
        const open: (readonly [Entry, Entry])[] = [];
        let [offset, hops] = [0, 0];
        for (const each of steps) {
          if (each.kind === 'add') {
            for (let i = 0; i < each.count; i++) {
              offset += 1 + each.gap;
              if (random.next() < 0.9) hops++;
              const hop = { producer: `f/${offset % 2}`, seq: hops };
              passing.pass();
              const [one, two] = [passing.add(offset, hop, 0), plain.add(offset, hop, 0)];
              assert.equal(one.duplicate, two.duplicate);
              for (const { entry } of [one, two])
                if (one.duplicate) entry.applied = entry.settled = true;
                else entry.root = { offset } as Root;
              if (!one.duplicate) open.push([one.entry, two.entry]);
            }
          } else if (each.kind === 'settle') {
            // Applied first, sent later, in any order.
            for (const pair of open) {
              if (random.next() * 10 > each.share) continue;
              const settles = pair[0].applied;
              for (const entry of pair) {
                if (settles) [entry.settled, entry.root] = [true, undefined];
                entry.applied = true;
              }
            }
            for (let i = open.length - 1; i >= 0; i--) if (open[i]?.[0].settled) open.splice(i, 1);
          } else if (each.kind === 'confirm') {
            const [one, two] = [passing.snapshot(), plain.snapshot()];
            assert.deepEqual(one, two);
            passing.confirm(one);
            plain.confirm(two);
          } else assert.deepEqual([...passing.old()], [...plain.old()]);
          assert.equal(passing.open, plain.open);
          assert.deepEqual(passing.snapshot(), plain.snapshot());
        }
        assert.equal(passing.settledWatermark, plain.settledWatermark);
        assert.equal(passing.lowestOpen?.offset, plain.lowestOpen?.offset);
        assert.deepEqual(passing.snapshot(), plain.snapshot());
      }),
      { numRuns: 300 },
    );
  });

  it('gives what waits longer than from one look to the next, each once', () => {
    const tracker = new OffsetTracker(fresh);
    const root = (n: number) => ({ offset: n }) as Root;
    const add = (n: number) => {
      const { entry } = tracker.add(n, undefined, 0);
      entry.root = root(n);
      return entry;
    };
    const old = () => [...tracker.old()].map(({ offset }) => offset);
    const first = [0, 1, 2].map(add);
    assert.deepEqual(old(), [], 'they are new');
    first[1]!.settled = true;
    first[1]!.root = undefined;
    const second = [3, 4].map(add);
    assert.deepEqual(old(), [0, 2]);
    for (const entry of [...first, ...second]) {
      entry.applied = entry.settled = true;
      entry.root = undefined;
    }
    // Many that are done are forgotten together, and their places move.
    const many = Array.from({ length: 5_000 }, (_, i) => add(5 + i));
    for (const entry of many.slice(0, 4_000)) {
      entry.applied = entry.settled = true;
      entry.root = undefined;
    }
    assert.deepEqual(old(), []);
    assert.equal(tracker.settledWatermark, 4_005);
    assert.ok(tracker.size < 2_000);
    add(6_000);
    assert.deepEqual(
      old(),
      Array.from({ length: 1_000 }, (_, i) => 4_005 + i),
    );
    assert.deepEqual(old(), [6_000]);
    assert.deepEqual(old(), []);
  });

  it('keeps few entries that are done, as a worker may have hundreds of partitions', () => {
    const tracker = new OffsetTracker(fresh);
    for (let offset = 0; offset < 200; offset++) {
      const { entry } = tracker.add(offset, undefined, 0);
      entry.applied = entry.settled = true;
    }
    assert.equal(tracker.settledWatermark, 200);
    assert.equal(tracker.size, 0);
  });

  it('remembers what was applied above the watermark over a change of owner', () => {
    const first = new OffsetTracker(fresh);
    const entries = [0, 1, 2, 3, 4, 5].map((offset) => first.add(offset, undefined, 0).entry);
    for (const i of [0, 2, 3, 5]) entries[i]!.applied = true;
    const applied = first.snapshot();
    assert.deepEqual(applied, {
      watermark: 1,
      runs: [
        [2, 3],
        [5, 5],
      ],
      hops: {},
    });
    const second = new OffsetTracker(applied);
    assert.deepEqual(
      [0, 1, 2, 3, 4, 5, 6].map((offset) => second.wasApplied(offset)),
      [true, false, true, true, false, true, false],
    );
    // Before the second owner has read on, the runs above what it saw stay in the set.
    second.add(1, undefined, 0).entry.applied = true;
    assert.deepEqual(second.snapshot(), {
      watermark: 2,
      runs: [
        [2, 3],
        [5, 5],
      ],
      hops: {},
    });
  });

  it('drops what a producer sent twice, and never a record that merely comes again after a crash', () => {
    const first = new OffsetTracker(fresh);
    const hop = (seq: number) => ({ producer: 'lab/3', seq });
    const a = first.add(0, hop(1), 0);
    const b = first.add(1, hop(2), 0);
    const again = first.add(2, hop(2), 0);
    assert.deepEqual([a.duplicate, b.duplicate, again.duplicate], [false, false, true]);
    again.entry.applied = true;
    b.entry.applied = true;
    // Record 0 is not applied: its number must not be in the set, or it would be lost on redelivery.
    const applied = first.snapshot();
    assert.deepEqual(applied, { watermark: 0, runs: [[1, 2]], hops: {} });
    const second = new OffsetTracker(applied);
    assert.equal(second.add(0, hop(1), 0).duplicate, false);
  });

  it('property: no offset is ever forgotten or invented, whatever the order of completion and the number of owners', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 60 }),
        fc.array(fc.nat(), { maxLength: 200 }),
        (gaps, picks) => {
          const offsets: number[] = [];
          for (const gap of gaps) offsets.push((offsets.at(-1) ?? -1) + gap);
          const applied = new Set<number>();
          let set: AppliedSet = fresh;
          for (let owner = 0; owner < 4; owner++) {
            const tracker = new OffsetTracker(set);
            const open = [];
            for (const offset of offsets) {
              const { entry } = tracker.add(offset, undefined, 0);
              assert.equal(tracker.wasApplied(offset), applied.has(offset), `offset ${offset} of owner ${owner}`);
              if (tracker.wasApplied(offset)) entry.applied = entry.settled = true;
              else open.push(entry);
            }
            const count = owner === 3 ? open.length : open.length >> 1;
            for (let i = 0; i < count; i++) {
              const [entry] = open.splice((picks[i + owner * 50] ?? 0) % open.length, 1);
              entry!.applied = entry!.settled = true;
              applied.add(entry!.offset);
              if (i % 3 === 0 || i === count - 1) {
                set = tracker.snapshot();
                tracker.confirm(set);
              }
            }
            assert.ok(set.watermark <= (offsets.find((o) => !applied.has(o)) ?? Number.POSITIVE_INFINITY));
          }
          assert.deepEqual(set, { watermark: offsets.at(-1)! + 1, runs: [], hops: {} });
        },
      ),
    );
  });
});
