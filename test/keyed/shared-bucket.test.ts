import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryKeyed } from '../../src/keyed/memory/index.ts';
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
