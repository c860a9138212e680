import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Keyed } from '../../src/keyed/port.ts';
import { uniqueName } from '../support/services.ts';

/** One server; the suite opens it twice, as two workers would. */
export interface KeyedStore {
  open(): Promise<Keyed>;
  /** Lets time pass for both. */
  pass(ms: number): Promise<void>;
}

/** A wait up to an instant that was `mostMs` away at `began`: real time that passes while one asks makes it shorter, never longer. */
function isAbout(waitMs: number, mostMs: number, began: number): void {
  assert.ok(waitMs <= mostMs && waitMs > mostMs - (performance.now() - began) - 100, `${waitMs}`);
}

/** Port **Keyed**: the one suite that every adapter passes. Call it at the top of a test file. */
export function keyedConformance(name: string, create: () => Promise<KeyedStore>): void {
  describe(`Keyed on ${name}`, () => {
    let store: KeyedStore;
    let one: Keyed;
    let two: Keyed;
    before(async () => {
      store = await create();
      one = await store.open();
      two = await store.open();
      await Promise.all([one.ping(), two.ping()]);
    });
    after(async () => {
      await one.close();
      await two.close();
    });

    it('gives a claim to one record, to the same record again, and to nobody else', async () => {
      const key = uniqueName('claim');
      assert.deepEqual(await one.claim(key, 'a', 10_000), { state: 'claimed' });
      assert.deepEqual(await two.claim(key, 'a', 10_000), { state: 'claimed' });
      const other = await two.claim(key, 'b', 10_000);
      assert.equal(other.state, 'open');
      assert.ok(other.state === 'open' && other.leftMs > 0 && other.leftMs <= 10_000, JSON.stringify(other));
    });

    // Where time is real, every lease and wait is long enough for a machine that stops for a second or two in between.
    it('lets a claim lapse with its lease, and takes it up again for the same record', async () => {
      const key = uniqueName('claim');
      await one.claim(key, 'a', 500);
      await store.pass(300);
      await one.claim(key, 'a', 3_000);
      await store.pass(300);
      assert.equal((await two.claim(key, 'b', 100)).state, 'open', 'the lease was renewed');
      await store.pass(2_800);
      assert.equal((await two.claim(key, 'b', 10_000)).state, 'claimed');
      assert.equal((await one.claim(key, 'a', 10_000)).state, 'open');
    });

    it('tells a confirmed id to others until it lapses, and never to its own record', async () => {
      const key = uniqueName('claim');
      await one.claim(key, 'a', 10_000);
      assert.equal(await one.confirm(key, 'a', 3_000), true);
      assert.deepEqual(await two.claim(key, 'b', 10_000), { state: 'confirmed' });
      assert.deepEqual(await two.claim(key, 'a', 10_000), { state: 'claimed' });
      assert.deepEqual(await two.claim(key, 'b', 10_000), { state: 'confirmed' }, 'asking again did not undo the confirmation');
      assert.equal(await two.release(key, 'a'), false, 'a confirmation cannot be given back');
      assert.deepEqual(await two.claim(key, 'b', 10_000), { state: 'confirmed' });
      await store.pass(3_100);
      assert.deepEqual(await two.claim(key, 'b', 10_000), { state: 'claimed' });
    });

    it('confirms what it forgot, over an open claim of another, and not over a confirmation', async () => {
      const [lost, open, taken] = [uniqueName('claim'), uniqueName('claim'), uniqueName('claim')];
      assert.equal(await one.confirm(lost, 'a', 10_000), true, 'after a flush');
      assert.equal((await two.claim(lost, 'b', 10_000)).state, 'confirmed');
      await two.claim(open, 'b', 10_000);
      assert.equal(await one.confirm(open, 'a', 10_000), true);
      assert.equal((await two.claim(open, 'b', 10_000)).state, 'confirmed');
      await two.confirm(taken, 'b', 10_000);
      assert.equal(await one.confirm(taken, 'a', 10_000), false);
    });

    it('gives a claim back only to who holds it', async () => {
      const key = uniqueName('claim');
      await one.claim(key, 'a', 10_000);
      assert.equal(await two.release(key, 'b'), false);
      assert.equal((await two.claim(key, 'b', 10_000)).state, 'open');
      assert.equal(await one.release(key, 'a'), true);
      assert.equal((await two.claim(key, 'b', 10_000)).state, 'claimed');
    });

    it('one of two that claim at once gets it', async () => {
      for (let i = 0; i < 20; i++) {
        const key = uniqueName('claim');
        const states = await Promise.all([one.claim(key, 'a', 10_000), two.claim(key, 'b', 10_000)]);
        assert.deepEqual(states.map(({ state }) => state).sort(), ['claimed', 'open']);
      }
    });

    it('books places of a bucket one interval apart, over both workers, and no further ahead than asked', async () => {
      const bucket = uniqueName('bucket');
      const ask = { intervalMs: 1000, burst: 1, maxWaitMs: 3_500 };
      const began = performance.now();
      for (const [i, keyed] of [one, two, one, two].entries()) {
        const { granted, waitMs } = await keyed.reserve(bucket, { ...ask, worker: i % 2 ? 'two' : 'one' });
        assert.equal(granted, true, `place ${i}`);
        isAbout(waitMs, i * 1000, began);
      }
      const refused = await two.reserve(bucket, { ...ask, maxWaitMs: 500, worker: 'two' });
      assert.equal(refused.granted, false);
      assert.ok(refused.waitMs > 500 && refused.waitMs <= 4_000);
      assert.equal(refused.workers, 2);
      const again = await one.reserve(bucket, { ...ask, maxWaitMs: 10_000, worker: 'one' });
      assert.ok(again.granted && again.waitMs <= 4_000, 'what was refused has booked nothing');
    });

    it('lets a burst through after a rest, and then the pace', async () => {
      const bucket = uniqueName('bucket');
      const ask = { intervalMs: 3_000, burst: 3, maxWaitMs: 0, worker: 'one' };
      const granted = [];
      for (let i = 0; i < 5; i++) granted.push((await one.reserve(bucket, ask)).granted);
      assert.deepEqual(granted, [true, true, true, false, false]);
      await store.pass(3_050);
      assert.equal((await one.reserve(bucket, ask)).granted, true, 'one interval later, one place');
    });

    it('a pause keeps everybody out until it ends, takes the burst away, and is never made shorter', async () => {
      const bucket = uniqueName('bucket');
      const pace = { intervalMs: 1000, burst: 3 };
      const began = performance.now();
      await one.pause(bucket, 5_000, pace);
      await two.pause(bucket, 100, pace);
      const first = await two.reserve(bucket, { ...pace, maxWaitMs: 60_000, worker: 'two' });
      const second = await one.reserve(bucket, { ...pace, maxWaitMs: 60_000, worker: 'one' });
      isAbout(first.waitMs, 5_000, began);
      isAbout(second.waitMs, 6_000, began);
    });

    it('gives no place before what was booked elsewhere', async () => {
      const began = performance.now();
      const { waitMs } = await one.reserve(uniqueName('bucket'), {
        intervalMs: 10,
        burst: 1,
        maxWaitMs: 10_000,
        worker: 'one',
        afterMs: 2_000,
      });
      isAbout(waitMs, 2_000, began);
    });

    it('while workers come back it books nothing, and goes on behind what each of them booked alone', async () => {
      const bucket = uniqueName('bucket');
      const ask = { intervalMs: 10, burst: 2, maxWaitMs: 10_000 };
      const asked = await one.reserve(bucket, { ...ask, worker: 'one', afterMs: 500, settleMs: 3_000 });
      assert.deepEqual([asked.granted, asked.settling], [false, true]);
      const other = await two.reserve(bucket, { ...ask, worker: 'two', afterMs: 6_000 });
      assert.deepEqual([other.granted, other.settling, other.workers], [false, true, 2]);
      assert.equal((await one.reserve(bucket, { ...ask, worker: 'one', afterMs: 100 })).settling, true, 'nothing is made shorter');
      await store.pass(3_100);
      const { granted, settling, waitMs } = await one.reserve(bucket, { ...ask, worker: 'one' });
      assert.deepEqual([granted, settling], [true, false]);
      assert.ok(waitMs > 500 && waitMs <= 3_000, `${waitMs}`);
    });

    it('who comes back while workers settle does not make it longer', async () => {
      const bucket = uniqueName('bucket');
      const back = { intervalMs: 10, burst: 1, maxWaitMs: 10_000, settleMs: 4_000 };
      assert.equal((await one.reserve(bucket, { ...back, worker: 'one' })).settling, true);
      await store.pass(2_100);
      assert.equal((await two.reserve(bucket, { ...back, worker: 'two' })).settling, true);
      await store.pass(2_000);
      assert.equal((await one.reserve(bucket, { ...back, settleMs: 0, worker: 'one' })).settling, false);
    });

    it('keeps fractions of milliseconds: a thousand places take what they should', async () => {
      const bucket = uniqueName('bucket');
      let last = 0;
      const started = performance.now();
      const asked = Array.from({ length: 1000 }, () =>
        one.reserve(bucket, { intervalMs: 12.5, burst: 1, maxWaitMs: 60_000, worker: 'one' }),
      );
      for (const { waitMs } of await Promise.all(asked)) last = Math.max(last, waitMs);
      assert.ok(last <= 12_488 && last > 12_487 - (performance.now() - started) - 100, `${last}`);
    });

    it('counts what each part has come to, once however often it is told, and forgets a counter when its time is over', async () => {
      const counter = uniqueName('counter');
      const tell = async (keyed: Keyed, part: string, total: number) => {
        const { value, first } = await keyed.count(counter, part, total, 3_000, { worker: 'w' });
        return [value, first];
      };
      assert.deepEqual(await tell(one, 'a', 1), [1, true]);
      assert.deepEqual(await tell(two, 'b', 4_000_000_000_000), [4_000_000_000_001, true]);
      assert.deepEqual(await tell(one, 'a', 7), [4_000_000_000_007, false]);
      assert.deepEqual(await tell(one, 'a', 7), [4_000_000_000_007, false]);
      assert.deepEqual(await tell(two, 'b', 3), [10, false], 'it may become less');
      await store.pass(3_100);
      assert.deepEqual(await tell(one, 'a', 7), [7, true]);
    });

    it('says with a count who shares the counter, and that they settle; what is told meanwhile is counted', async () => {
      const counter = uniqueName('counter');
      const tell = (keyed: Keyed, worker: string, total: number, more = {}) =>
        keyed.count(counter, worker, total, 10_000, { worker, workerMs: 4_000, ...more });
      assert.deepEqual(await tell(one, 'one', 2), { value: 2, first: true, workers: 1, settling: false });
      assert.deepEqual(await tell(two, 'two', 2, { settleMs: 3_000 }), { value: 4, first: true, workers: 2, settling: true });
      assert.deepEqual(await tell(one, 'one', 4), { value: 6, first: false, workers: 2, settling: true });
      await store.pass(4_100);
      assert.deepEqual(await tell(one, 'one', 6), { value: 8, first: false, workers: 1, settling: false });
    });

    it('however many ask while workers settle, a bucket with a burst goes on one interval later, without the burst', async () => {
      const bucket = uniqueName('bucket');
      const ask = { intervalMs: 100, burst: 50, maxWaitMs: 0 };
      for (let i = 0; i < 20; i++) await one.reserve(bucket, { ...ask, worker: 'one', ...(i === 0 ? { settleMs: 400 } : {}) });
      await store.pass(600);
      const granted = [];
      // With the burst all of these would be granted; without it one for each tenth of a second that this takes.
      for (let i = 0; i < 45; i++) granted.push((await two.reserve(bucket, { ...ask, worker: 'two' })).granted);
      const free = granted.filter(Boolean).length;
      assert.ok(free >= 1 && free < 45, `${free} places`);
    });

    it('says how far ahead a bucket is booked', async () => {
      const bucket = uniqueName('bucket');
      const ask = { intervalMs: 10_000, burst: 2, maxWaitMs: 0, worker: 'one' };
      const ahead: number[] = [];
      for (let i = 0; i < 3; i++) ahead.push((await one.reserve(bucket, ask)).aheadMs);
      for (const [i, most] of [10_000, 20_000, 20_000].entries())
        assert.ok((ahead[i] as number) <= most && (ahead[i] as number) > most - 2_000, ahead.join());
    });
  });
}
