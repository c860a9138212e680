import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AdviceRecord, AdviceStore, FeedbackRecord } from '../../src/advice/port.ts';

const advice = (id: string, more: Partial<AdviceRecord> = {}): AdviceRecord => ({
  ...{ id, hookInstance: `h-${id}`, service: 's', hook: 'patient-view', client: 'c', patient: 'p', at: 1_000, outcome: 'advised', ms: 12 },
  cards: [{ uuid: 'u', summary: 'Ä “quoted” \\ text' }],
  reads: [{ key: 'labs', entities: ['Observation/1'] }],
  ...more,
});
const feedback = (id: string, more: Partial<FeedbackRecord> = {}): FeedbackRecord => ({
  ...{ id, service: 's', client: 'c', card: 'card-1', outcome: 'overridden', suggestions: [], reasonSystem: null, reasonCode: null },
  ...{ comment: null, outcomeAt: 5, receivedAt: 1_000, ...more },
});

/** What every adapter of port Advice does. */
export function adviceConformance(name: string, make: () => Promise<{ open(): Promise<AdviceStore>; remove(): Promise<void> }>): void {
  const using = async (work: (store: AdviceStore) => Promise<void>) => {
    const { open, remove } = await make();
    const store = await open();
    try {
      await work(store);
    } finally {
      await store.close();
      await remove();
    }
  };

  test(`${name}: advice is kept whole, newest first, in pages; the same id again changes nothing`, () =>
    using(async (store) => {
      await store.record([]);
      await store.record([advice('a'), advice('b'), advice('c')]);
      await store.record([advice('b', { outcome: 'late' })]);
      assert.deepEqual(
        (await store.advice(2)).map(({ id }) => id),
        ['c', 'b'],
      );
      assert.deepEqual(await store.advice(5, 'b'), [advice('a')]);
      assert.equal((await store.advice(1, 'c'))[0]?.outcome, 'advised');
    }));

  test(`${name}: feedback is kept once, and of each card the newest outcome is counted`, () =>
    using(async (store) => {
      const accepted = feedback('2', { outcome: 'accepted', suggestions: ['x'], outcomeAt: 9 });
      await store.feedback([feedback('1', { comment: 'why', reasonSystem: 'r', reasonCode: 'k' }), accepted]);
      await store.feedback([feedback('3'), feedback('4', { card: 'card-2' }), feedback('5', { card: 'card-2', service: 't' })]);
      assert.deepEqual(
        (await store.feedbackOf(10)).map(({ id }) => id),
        ['4', '2', '1'],
      );
      assert.deepEqual(await store.feedbackOf(10, '2'), [feedback('1', { comment: 'why', reasonSystem: 'r', reasonCode: 'k' })]);
      assert.deepEqual(await store.counts(), [
        { service: 's', outcome: 'accepted', cards: 1 },
        { service: 's', outcome: 'overridden', cards: 1 },
      ]);
    }));

  test(`${name}: what is older than a time goes, and how much is told`, () =>
    using(async (store) => {
      await store.record([advice('a', { at: 1 }), advice('b', { at: 100 })]);
      await store.feedback([feedback('1', { receivedAt: 1 }), feedback('2', { receivedAt: 100, outcomeAt: 6 })]);
      await store.record([advice('c', { at: 2 }), advice('d', { at: 3 })]);
      assert.equal(await store.prune(100, 2), 3, 'a part at a time: the oldest two, and the one of the other kind');
      assert.deepEqual(
        (await store.advice(9)).map(({ id }) => id),
        ['d', 'b'],
      );
      assert.equal(await store.prune(100, 2), 1);
      assert.deepEqual([(await store.advice(9)).length, (await store.feedbackOf(9)).length], [1, 1]);
    }));
}
