import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpFailure } from '../../src/guard/classify.ts';
import { createGuards, type Guard, steppedGate } from '../../src/guard/index.ts';
import { defineTarget, type TargetOptions } from '../../src/guard/target.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { seededRandom, VirtualClock } from '../../src/testing/virtual-clock.ts';
import { virtualRedis } from '../keyed/away.ts';

const never = new AbortController().signal;

/** Workers with a Redis between them that goes away when told. */
async function site(workers: number, options: TargetOptions, serve: (now: number) => void = () => {}) {
  const clock = new VirtualClock();
  const redis = await virtualRedis(clock);
  const started = clock.monotonic();
  const now = () => clock.monotonic() - started;
  const times: number[] = [];
  const done: number[] = [];
  const target = defineTarget('ehr', options);
  const running: { guard: Guard; stopped: boolean }[] = [];
  for (let n = 0; n < workers; n++) {
    const guards = await createGuards({
      clock,
      random: seededRandom(n + 1),
      telemetry: silentTelemetry,
      keyed: redis.seenBy(n),
      worker: `w${n}`,
      gate: steppedGate,
    });
    running.push({ guard: await guards.use(target), stopped: false });
  }
  /** Callers that want more than they get, and come again when they are told to. */
  const press = (...callers: readonly number[]) => {
    for (const [n, worker] of running.entries()) {
      for (let i = 0; i < (callers[n] ?? (callers[0] as number)); i++) {
        void (async () => {
          while (!worker.stopped) {
            try {
              await worker.guard.run({
                signal: never,
                work: async () => {
                  times.push(now());
                  serve(now());
                },
              });
              done.push(now());
            } catch (thrown) {
              const ms = (thrown as { retryAfterMs?: number }).retryAfterMs ?? 1_000;
              await new Promise<void>((resolve) => clock.after(ms, resolve));
            }
          }
        })();
      }
    }
  };
  const between = (from: number, to: number) => times.filter((at) => at >= from && at < to).length;
  /** The most calls in any second. */
  const worst = (from = 0, to = Number.POSITIVE_INFINITY) => {
    const own = times.filter((at) => at >= from && at < to);
    return Math.max(0, ...own.map((at) => between(at, at + 1_000)));
  };
  return { clock, redis, running, press, between, worst, times, done };
}

const hundred = { limiter: { requests: 100, perMs: 1_000 }, bulkhead: 32 };

test('three workers share one quota: never more in any second, and all of it is used', async () => {
  const { clock, press, between, worst } = await site(3, hundred);
  press(30);
  await clock.advance(10_000);
  assert.ok(worst() <= 101, `${worst()} calls within a second`);
  assert.ok(between(1_000, 9_000) >= 790, `${between(1_000, 9_000)} calls in eight seconds`);
});

test('without Redis each worker has its share, by the number of workers known last; never more, also around the change', async () => {
  const { clock, press, between, worst, redis, running } = await site(3, hundred);
  press(30);
  await clock.advance(5_000);
  redis.there = false;
  await clock.advance(5_000);
  assert.equal(running[0]?.guard.state.localShare, true);
  assert.ok(between(7_000, 10_000) >= 270 && between(7_000, 10_000) <= 305, `${between(7_000, 10_000)} calls in three seconds`);
  redis.there = true;
  await clock.advance(5_000);
  assert.equal(running[0]?.guard.state.localShare, false);
  assert.ok(between(12_000, 15_000) >= 280, `${between(12_000, 15_000)}`);
  assert.ok(worst() <= 110, `${worst()} calls within a second`);
});

test('Redis comes back empty, and the workers notice one after the other, with more and less that waits: never more than the quota', async () => {
  const { clock, press, between, worst, redis, running } = await site(3, hundred);
  press(4, 120, 30);
  await clock.advance(5_000);
  redis.there = false;
  await clock.advance(5_000);
  await redis.emptied();
  redis.unnoticed = new Set([1, 2]);
  redis.there = true;
  await clock.advance(700);
  redis.unnoticed.delete(1);
  await clock.advance(1_800);
  redis.unnoticed.delete(2);
  await clock.advance(12_000);
  assert.deepEqual(
    running.map(({ guard }) => guard.state.localShare),
    [false, false, false],
  );
  assert.ok(worst() <= 105, `${worst()} calls within a second`);
  assert.ok(between(20_000, 24_000) >= 380, `${between(20_000, 24_000)} calls in the last four seconds`);
});

test('one worker ends and Redis with it: the others keep to their shares', async () => {
  const { clock, press, between, worst, redis, running } = await site(3, hundred);
  press(30);
  await clock.advance(3_000);
  redis.there = false;
  (running[2] as (typeof running)[0]).stopped = true;
  await clock.advance(6_000);
  assert.ok(between(6_000, 9_000) <= 205, `${between(6_000, 9_000)}`);
  assert.ok(worst() <= 110);
});

test('while Redis has never answered, a worker reckons with others', async () => {
  const { clock, press, between, redis } = await site(1, hundred);
  redis.there = false;
  press(50);
  await clock.advance(5_000);
  assert.ok(between(1_000, 5_000) <= 135, `${between(1_000, 5_000)} calls in four seconds: a third of the quota`);
});

test('a storm of 429: few calls, each worker heeds what another was told, and the coming back is no herd', async () => {
  let calm = false;
  const { clock, press, between, worst, done } = await site(3, { ...hundred, breaker: { failures: 1_000 } }, (at) => {
    if (!calm) throw httpFailure({ status: 429, headers: { 'retry-after': '20' } }, at);
  });
  press(40);
  await clock.advance(120_000);
  const stormy = between(0, 120_000);
  // One call a worker and a pause at the most is under way when the others are told.
  assert.ok(stormy <= 120, `${stormy} calls in two minutes of 429`);
  calm = true;
  await clock.advance(40_000);
  assert.ok(worst(120_000) <= 101, `${worst(120_000)} calls within a second`);
  assert.ok(between(150_000, 160_000) >= 950, `the whole quota again: ${between(150_000, 160_000)}`);
  assert.ok(done.length > 0);
});

test('who waits for a place when the target asks for a pause gets another one behind it', async () => {
  const { clock, running } = await site(1, { limiter: { requests: 1, perMs: 1_000, waitMs: 30_000 }, breaker: { failures: 100 } });
  const { guard } = running[0] as (typeof running)[0];
  const at: number[] = [];
  const started = clock.monotonic();
  const call = (work: () => Promise<void>) =>
    guard
      .run({
        signal: never,
        work: () => {
          at.push(clock.monotonic() - started);
          return work();
        },
      })
      .catch(() => {});
  void call(async () => {
    await new Promise<void>((resolve) => clock.after(100, resolve));
    throw httpFailure({ status: 429, headers: { 'retry-after': '5' } }, 0);
  });
  void call(async () => {});
  void call(async () => {});
  await clock.advance(10_000);
  assert.equal(at.length, 3);
  assert.ok((at[1] as number) >= 5_100, `${at}`);
  assert.ok((at[2] as number) - (at[1] as number) >= 1_000, `${at}`);
});

test('the queue is bounded in length and in time; who finds it full is told when to come again', async () => {
  const { clock, running } = await site(1, { bulkhead: 4, queue: 50, deadlineMs: 300_000 });
  const { guard } = running[0] as (typeof running)[0];
  const ended: { code: string; at: number; retryAfterMs: number }[] = [];
  const started = clock.monotonic();
  for (let i = 0; i < 100; i++) {
    guard.run({ signal: never, work: () => new Promise(() => {}) }).catch(({ code, retryAfterMs }) => {
      ended.push({ code, retryAfterMs, at: clock.monotonic() - started });
    });
  }
  await clock.advance(0);
  assert.deepEqual(
    { running: guard.state.running, queued: guard.state.queued, refused: ended.length },
    { running: 4, queued: 50, refused: 46 },
  );
  assert.ok(guard.waitMs() > 0);
  await clock.advance(30_000);
  assert.equal(ended.length, 96, 'those in the queue give up');
  assert.ok(ended.every(({ code, retryAfterMs }) => code === 'AORTA_GUARD_002' && retryAfterMs > 0));
});

test('a worker that stalls does not make up for the places that it slept through', async () => {
  const { clock, press, between, worst } = await site(3, hundred);
  // What would wake while the process stands still wakes at the end of it, all at once.
  const after = clock.after.bind(clock);
  const [from, until] = [clock.monotonic() + 3_000, clock.monotonic() + 3_600];
  clock.after = (ms, fn) => {
    const due = clock.monotonic() + ms;
    return after(due > from && due < until ? until - clock.monotonic() : ms, fn);
  };
  press(30);
  await clock.advance(9_000);
  assert.ok(worst() <= 110, `${worst()} calls within a second`);
  assert.ok(between(5_000, 9_000) >= 350, `${between(5_000, 9_000)} calls in four seconds: it goes on`);
});
