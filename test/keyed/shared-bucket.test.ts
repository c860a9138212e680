import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryKeyed } from '../../src/keyed/memory/index.ts';
import type { Keyed, Pace } from '../../src/keyed/port.ts';
import { SharedBucket } from '../../src/keyed/shared-bucket.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { virtualRedis } from './away.ts';

const perSecond = 100;

/** Workers with one bucket between them; each asks as often as it may, and does not wait unless it is told to. */
async function site(workers: number, burst: number, everyMs: readonly number[]) {
  const clock = new VirtualClock();
  const redis = await virtualRedis(clock);
  const started = clock.monotonic();
  const times: number[] = [];
  const buckets: SharedBucket[] = [];
  for (let n = 0; n < workers; n++) {
    const bucket = new SharedBucket({
      ...{ name: 'b', pace: { intervalMs: 1_000 / perSecond, burst }, clock, worker: `w${n}`, assumedWorkers: 3 },
      shared: redis.seenBy(n),
      own: await createMemoryKeyed({ clock }),
    });
    buckets.push(bucket);
    const ask = () => {
      void bucket.reserve(0).then(({ granted }) => granted && times.push(clock.monotonic() - started));
      clock.after(everyMs[n] as number, ask);
    };
    ask();
  }
  const between = (from: number, to: number) => times.filter((at) => at >= from && at < to).length;
  /** What was given beyond the pace in the worst of all spans: the burst at most. */
  const beyond = () => {
    let worst = 0;
    // The fill of one bucket that everything comes out of.
    let [fill, last] = [0, times[0] ?? 0];
    for (const at of times) {
      fill = Math.max(0, fill - ((at - last) * perSecond) / 1_000) + 1;
      last = at;
      worst = Math.max(worst, fill);
    }
    return worst;
  };
  return { clock, redis, buckets, between, beyond };
}

/** Redis goes away, and comes back with nothing; the workers notice one after the other. */
async function awayAndBack({ clock, redis }: Awaited<ReturnType<typeof site>>, others: readonly number[]) {
  redis.there = false;
  await clock.advance(5_000);
  await redis.emptied();
  redis.unnoticed = new Set(others);
  redis.there = true;
  for (const other of others) {
    await clock.advance(1_200);
    redis.unnoticed.delete(other);
  }
}

for (const [what, everyMs] of [
  ['all ask for more than there is', [3, 3, 3]],
  ['one asks for nearly all of it', [2, 300, 170]],
] as const) {
  test(`a bucket with a burst, ${what}: Redis away, back and empty, never more than the pace and one burst over all workers`, async () => {
    const here = await site(3, 40, everyMs);
    await here.clock.advance(5_000);
    for (let round = 0; round < 2; round++) {
      await awayAndBack(here, [1, 2]);
      await here.clock.advance(9_000);
    }
    assert.ok(here.beyond() <= 41, `${here.beyond()} at once beyond the pace`);
    assert.deepEqual(
      here.buckets.map(({ local }) => local),
      [false, false, false],
    );
    const end = here.clock.monotonic();
    const before = here.between(0, Number.POSITIVE_INFINITY);
    await here.clock.advance(4_000);
    assert.ok(here.between(0, Number.POSITIVE_INFINITY) - before >= 380, `all of it again after ${end} ms`);
  });
}

test('while Redis is away all shares together are the pace, and nobody stands still', async () => {
  const here = await site(3, 10, [4, 4, 4]);
  await here.clock.advance(3_000);
  here.redis.there = false;
  await here.clock.advance(6_000);
  assert.ok(here.between(4_000, 9_000) >= 450 && here.between(4_000, 9_000) <= 510, `${here.between(4_000, 9_000)} in five seconds`);
  assert.ok(here.beyond() <= 12, `${here.beyond()}`);
});

test('a worker that rested has its share of the burst at once when Redis goes away', async () => {
  const clock = new VirtualClock();
  const redis = await virtualRedis(clock);
  const bucket = new SharedBucket({
    ...{ name: 'b', pace: { intervalMs: 1_000, burst: 12 }, clock, worker: 'w', assumedWorkers: 3 },
    ...{ shared: redis.seenBy(0), own: await createMemoryKeyed({ clock }) },
  });
  redis.there = false;
  const granted = [];
  for (let i = 0; i < 6; i++) granted.push((await bucket.reserve(0)).granted);
  assert.deepEqual(granted, [true, true, true, true, false, false], 'a third of twelve: nobody has told how many share it');
});

const bucketOf = async (clock: VirtualClock, shared: Keyed, n: number, pace: Pace) =>
  new SharedBucket({
    ...{ name: 'b', pace, clock, shared, worker: `w${n}`, assumedWorkers: 3 },
    own: await createMemoryKeyed({ clock }),
  });

for (const [what, intervalMs, burst, workers] of [
  ['one a minute, five at once', 60_000, 5, 3],
  ['one a minute, no burst', 60_000, 1, 3],
  ['one a minute, three at once', 60_000, 3, 3],
  ['one a minute, five at once, two workers', 60_000, 5, 2],
  ['600 an hour, twenty at once', 6_000, 20, 3],
  ['250 a second, 500 at once', 4, 500, 3],
] as const) {
  test(`a Redis that goes and comes again and again books nothing that nobody asked for: ${what}`, async () => {
    const clock = new VirtualClock();
    const redis = await virtualRedis(clock);
    const buckets: SharedBucket[] = [];
    for (let n = 0; n < workers; n++) buckets.push(await bucketOf(clock, redis.seenBy(n), n, { intervalMs, burst }));
    let granted = 0;
    const ask = async () => {
      let wait = 0;
      for (const bucket of buckets) {
        const place = await bucket.reserve(0);
        if (place.granted) granted++;
        wait = Math.max(wait, place.waitMs);
      }
      return wait;
    };
    await ask();
    const rounds = 120;
    let worst = 0;
    for (let round = 0; round < rounds; round++) {
      redis.there = false;
      await ask();
      await clock.advance(1_000);
      redis.there = true;
      await ask();
      await clock.advance(5_000);
      worst = Math.max(worst, await ask());
      await clock.advance(4_000);
    }
    assert.ok(worst <= workers * intervalMs, `the next place is ${worst} ms away`);
    const asked = workers * (1 + 3 * rounds);
    const due = Math.min(asked, (rounds * 10_000) / intervalMs);
    assert.ok(granted >= due / 2 && granted <= due + burst + workers, `${granted} of ${due}`);
  });
}

test('an answer to what was asked before Redis went away does not forget what was booked alone', async () => {
  const clock = new VirtualClock();
  const memory = await createMemoryKeyed({ clock });
  let mode: 'there' | 'slow' | 'away' = 'there';
  const held: (() => void)[] = [];
  const reserve: Keyed['reserve'] = async (...args) => {
    if (mode === 'away') throw new Error('away');
    const answer = memory.reserve(...args);
    if (mode === 'slow') await new Promise<void>((resolve) => held.push(resolve));
    return answer;
  };
  const bucket = await bucketOf(clock, { ...memory, kind: 'redis', reserve }, 0, { intervalMs: 1_000, burst: 30 });
  let granted = 0;
  const ask = async () => {
    if ((await bucket.reserve(0)).granted) granted++;
  };
  await ask();
  mode = 'slow';
  const early = ask();
  mode = 'away';
  for (let i = 0; i < 40; i++) await ask();
  for (const answer of held) answer();
  await early;
  assert.equal(bucket.local, true);
  mode = 'there';
  for (let i = 0; i < 40; i++) await ask();
  assert.ok(granted >= 30 && granted <= 31, `${granted} at once, of a burst of 30`);
  await clock.advance(6_000);
  await ask();
  await ask();
  assert.equal(bucket.local, false, 'it comes back all the same');
});

test('one worker that loses Redis for a moment every three seconds: more than half of the quota is there for the others', async () => {
  const clock = new VirtualClock();
  const redis = await virtualRedis(clock);
  const [busy, quiet, bad] = await Promise.all([0, 1, 2].map((n) => bucketOf(clock, redis.seenBy(n), n, { intervalMs: 10, burst: 20 })));
  let granted = 0;
  for (let ms = 0; ms < 60_000; ms += 5) {
    if ((await busy?.reserve(0))?.granted) granted++;
    if (ms % 500 === 0) {
      await quiet?.reserve(0);
      if (ms % 3_000 === 0) redis.unnoticed.add(2);
      await bad?.reserve(0);
      redis.unnoticed.clear();
    }
    await clock.advance(5);
  }
  assert.ok(granted > 3_000 && granted <= 6_021, `${granted} of 6000`);
});

test('workers that are asked once in a while know of each other: Redis away, they have one burst between them', async () => {
  const clock = new VirtualClock();
  const redis = await virtualRedis(clock);
  const buckets = await Promise.all([0, 1, 2].map((n) => bucketOf(clock, redis.seenBy(n), n, { intervalMs: 4, burst: 500 })));
  for (let round = 0; round < 9; round++) {
    await buckets[round % 3]?.reserve(0);
    await clock.advance(300_000);
  }
  redis.there = false;
  let granted = 0;
  for (const bucket of buckets) for (let i = 0; i < 600; i++) if ((await bucket.reserve(0)).granted) granted++;
  assert.ok(granted > 450 && granted <= 501, `${granted} at once, of a burst of 500`);
});
