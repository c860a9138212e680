import assert from 'node:assert/strict';
import { test } from 'node:test';
import CircuitBreaker from 'opossum';
import { error } from '../../src/errors/index.ts';
import { Breaker, BreakerOpen } from '../../src/guard/breaker.ts';
import { steppedGate } from '../../src/guard/gate/stepped.ts';
import { createGuards, type Guard } from '../../src/guard/index.ts';
import { defineTarget, type TargetOptions } from '../../src/guard/target.ts';
import { createMemoryKeyed } from '../../src/keyed/memory/index.ts';
import { silentTelemetry } from '../../src/telemetry/port.ts';
import { seededRandom, VirtualClock } from '../../src/testing/virtual-clock.ts';

const failing = async () => {
  throw error('AORTA_GUARD_008', { problem: 'ECONNREFUSED' });
};
const refusing = async () => {
  throw error('AORTA_GUARD_007', { status: 404 });
};
const fine = async () => 'fine';
const none = new AbortController().signal;

async function guarded(options: TargetOptions = {}) {
  const clock = new VirtualClock();
  const keyed = await createMemoryKeyed({ clock });
  const guards = await createGuards({ clock, random: seededRandom(1), telemetry: silentTelemetry, keyed, worker: 'w', gate: steppedGate });
  return { clock, guards, guard: await guards.use(defineTarget('ehr', options)) };
}

const attempt = (guard: Guard, work: (signal: AbortSignal) => Promise<unknown>, signal = none): Promise<string> =>
  guard.run({ signal, work }).then(
    () => 'ok',
    (thrown) => thrown.code ?? thrown.name,
  );

/** Work that waits to be told, and notes whether its signal was aborted. */
function held() {
  const all: { resolve: (value?: unknown) => void; reject: (thrown: unknown) => void; signal: AbortSignal }[] = [];
  const work = (signal: AbortSignal) => new Promise((resolve, reject) => void all.push({ resolve, reject, signal }));
  return { all, work };
}

test('opens after failures in a row, also behind a long good time', async () => {
  const { guard, clock } = await guarded();
  for (let i = 0; i < 5_000; i++) {
    assert.equal(await attempt(guard, fine), 'ok');
    if (i % 50 === 0) await clock.advance(10);
  }
  let calls = 0;
  while (guard.state.breaker === 'closed') {
    calls++;
    await attempt(guard, failing);
    assert.ok(calls <= 20, 'within 20 calls');
  }
  assert.equal(calls, 5);
  assert.equal(await attempt(guard, fine), 'AORTA_GUARD_001');
});

test('a system that is down gets 20 calls at the most, also with every place taken and many waiting', async () => {
  const { guard, clock } = await guarded();
  let calls = 0;
  const all = Array.from({ length: 200 }, (_, i) =>
    attempt(guard, async () => {
      calls++;
      // One after the other, so that each failure lets the next one in before the breaker has seen enough.
      await new Promise<void>((resolve) => clock.after(100 + (i % 16) * 10, resolve));
      return failing();
    }),
  );
  await clock.advance(2_000);
  await Promise.all(all);
  assert.equal(guard.state.breaker, 'open');
  assert.ok(calls > 16 && calls <= 20, `${calls} calls`);
});

test('opens by the share of failures, and forgets them with its window', async () => {
  const { guard, clock } = await guarded({ breaker: { failures: 1000 } });
  const half = async (count: number) => {
    for (let i = 0; i < count && guard.state.breaker === 'closed'; i++) await attempt(guard, i % 3 === 0 ? fine : failing);
  };
  await half(9);
  assert.equal(guard.state.breaker, 'closed', 'fewer calls than count');
  await clock.advance(11_000);
  await half(9);
  assert.equal(guard.state.breaker, 'closed', 'the first nine are forgotten');
  await half(9);
  assert.equal(guard.state.breaker, 'open');
});

test('answers that refuse are answers: a 4xx opens nothing', async () => {
  const { guard } = await guarded();
  for (let i = 0; i < 100; i++) assert.equal(await attempt(guard, refusing), 'AORTA_GUARD_007');
  assert.equal(guard.state.breaker, 'closed');
});

test('half-open lets exactly one probe through, whose success closes and whose failure opens again', async () => {
  const { guard, clock } = await guarded({ breaker: { openMs: 5_000 } });
  for (let i = 0; i < 10; i++) await attempt(guard, failing);
  await clock.advance(4_999);
  assert.equal(await attempt(guard, fine), 'AORTA_GUARD_001');
  await clock.advance(1);
  for (const outcome of ['bad', 'good'] as const) {
    const { all, work } = held();
    const calls = Array.from({ length: 50 }, () => attempt(guard, work));
    await clock.advance(0);
    assert.equal(all.length, 1, 'one probe of fifty');
    assert.equal(guard.state.breaker, 'half-open');
    if (outcome === 'bad') all[0]?.reject(error('AORTA_GUARD_006', { status: 503 }));
    else all[0]?.resolve();
    await clock.advance(0);
    // The others waited behind the probe: they are refused with it, or go on by and by.
    assert.equal(all.length, outcome === 'bad' ? 1 : 3);
    for (let i = 1; i < 50; i++) {
      all[i]?.resolve();
      await clock.advance(0);
    }
    const codes = await Promise.all(calls);
    assert.equal(codes.filter((code) => code === 'AORTA_GUARD_001').length, outcome === 'bad' ? 49 : 0);
    assert.equal(guard.state.breaker, outcome === 'bad' ? 'open' : 'closed');
    await clock.advance(5_000);
  }
});

test('a probe that we cancel ourselves is no answer: the next call is the probe', async () => {
  const { guard, clock } = await guarded();
  for (let i = 0; i < 10; i++) await attempt(guard, failing);
  await clock.advance(5_000);
  const revoked = new AbortController();
  const { work } = held();
  const probe = attempt(guard, work, revoked.signal);
  await clock.advance(0);
  revoked.abort(error('AORTA_ENGINE_004', { flow: 'f', reason: 'revoked' }));
  assert.equal(await probe, 'AORTA_ENGINE_004');
  assert.equal(guard.state.breaker, 'half-open');
  assert.equal(await attempt(guard, fine), 'ok');
  assert.equal(guard.state.breaker, 'closed');
});

test('what was sent before it opened decides nothing when it comes back late', async () => {
  const { guard, clock } = await guarded({ bulkhead: 100 });
  const { all, work } = held();
  const early = [attempt(guard, work), attempt(guard, work)];
  await clock.advance(0);
  for (let i = 0; i < 10; i++) await attempt(guard, failing);
  assert.equal(guard.state.breaker, 'open');
  all[0]?.resolve();
  await Promise.race([early[0], clock.advance(10)]);
  assert.equal(guard.state.breaker, 'open', 'an old success does not close it');
  await clock.advance(5_000);
  const probe = held();
  const probing = attempt(guard, probe.work);
  await clock.advance(0);
  all[1]?.resolve();
  await early[1];
  assert.equal(guard.state.breaker, 'half-open', 'nor does it stand for the probe');
  probe.all[0]?.resolve();
  await probing;
  assert.equal(guard.state.breaker, 'closed');
});

test('a call that is late is aborted alone; the others go on', async () => {
  const { guard, clock } = await guarded({ deadlineMs: 1_000 });
  const { all, work } = held();
  const late = attempt(guard, work);
  await clock.advance(500);
  const others = [attempt(guard, work), attempt(guard, work)];
  await clock.advance(500);
  assert.equal(await late, 'AORTA_GUARD_003');
  assert.deepEqual(
    all.map(({ signal }) => signal.aborted),
    [true, false, false],
  );
  all[1]?.resolve();
  all[2]?.resolve();
  assert.deepEqual(await Promise.all(others), ['ok', 'ok']);
});

test('control: the AbortController of an opossum is for all of its calls', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const abortController = new AbortController();
  const raw = new CircuitBreaker(
    (ms: number) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, ms);
        abortController.signal.addEventListener('abort', () => {
          clearTimeout(timer);
          reject(new Error('aborted by a neighbour'));
        });
      }),
    { timeout: 100, abortController, volumeThreshold: 100 },
  );
  const slow = raw.fire(10_000).catch((thrown) => thrown.code);
  t.mock.timers.tick(60);
  const neighbour = raw.fire(70).catch((thrown) => thrown.message);
  t.mock.timers.tick(40);
  assert.equal(await slow, 'ETIMEDOUT');
  assert.equal(await neighbour, 'aborted by a neighbour');
  raw.shutdown();
});

test('control: an opossum in half-open takes a late success of an earlier call for its probe', async () => {
  let answer = () => {};
  const raw = new CircuitBreaker(
    (late: boolean) => (late ? new Promise<void>((resolve) => (answer = resolve)) : Promise.reject(new Error('no'))),
    {
      timeout: false,
      resetTimeout: 20,
    },
  );
  const early = raw.fire(true);
  for (let i = 0; i < 3; i++) await raw.fire(false).catch(() => {});
  assert.equal(raw.opened, true);
  await new Promise((resolve) => raw.once('halfOpen', resolve));
  answer();
  await early;
  assert.equal(raw.closed, true, 'closed without a probe');
  raw.shutdown();
});

test('a coming back is a ramp: one call, then twice as many with each that works', async () => {
  const { guard, clock } = await guarded({ bulkhead: 8 });
  for (let i = 0; i < 10; i++) await attempt(guard, failing);
  await clock.advance(5_000);
  assert.equal(await attempt(guard, fine), 'ok');
  const { all, work } = held();
  const calls = Array.from({ length: 20 }, () => attempt(guard, work));
  const under = async () => {
    await clock.advance(0);
    return all.length;
  };
  assert.equal(await under(), 2);
  all[0]?.resolve();
  assert.equal(await under(), 5, 'four under way');
  all[1]?.resolve();
  assert.equal(await under(), 10, 'eight under way, the whole bulkhead');
  for (let i = 0; i < 20; i++) {
    await under();
    all[i]?.resolve();
  }
  assert.ok((await Promise.all(calls)).every((code) => code === 'ok'));
});

test('and after Retry-After too', async () => {
  const { guard, clock } = await guarded({ bulkhead: 8 });
  const told = async () => {
    throw error('AORTA_GUARD_006', { status: 429 }, { retryAfterMs: 2_000 });
  };
  assert.equal(await attempt(guard, told), 'AORTA_GUARD_006');
  assert.equal(await attempt(guard, fine), 'AORTA_GUARD_002', 'it asked to be left alone');
  await clock.advance(2_000);
  const { all, work } = held();
  const calls = Array.from({ length: 4 }, () => attempt(guard, work));
  await clock.advance(0);
  assert.equal(all.length, 1);
  all[0]?.resolve();
  await clock.advance(0);
  assert.equal(all.length, 3);
  for (const i of [1, 2, 3]) {
    all[i]?.resolve();
    await clock.advance(0);
  }
  assert.deepEqual(await Promise.all(calls), ['ok', 'ok', 'ok', 'ok']);
});

test('the breaker by itself lets one of many through in half-open, and the others do not run', async () => {
  const clock = new VirtualClock();
  const settings = { ...defineTarget('ehr').breaker, failures: 2, openMs: 1_000 };
  const states: string[] = [];
  const own = new Breaker(
    clock,
    settings,
    () => 'bad',
    (state) => states.push(state),
  );
  for (let i = 0; i < 2; i++) await own.run(failing).catch(() => {});
  await clock.advance(1_000);
  let ran = 0;
  let answer = () => {};
  const work = () =>
    new Promise<void>((resolve) => {
      ran++;
      answer = resolve;
    });
  const calls = Array.from({ length: 50 }, () =>
    own.run(work).then(
      () => 'ok',
      (thrown) => thrown instanceof BreakerOpen,
    ),
  );
  await clock.advance(0);
  assert.equal(ran, 1);
  answer();
  const outcomes = await Promise.all(calls);
  assert.equal(outcomes.filter((outcome) => outcome === true).length, 49);
  assert.deepEqual(states, ['open', 'half-open', 'closed']);
  own.close();
});

test('one name declared in two ways is refused; changes are told', async () => {
  const { guards, guard } = await guarded();
  assert.equal(await guards.use(defineTarget('ehr')), guard);
  await assert.rejects(guards.use(defineTarget('ehr', { bulkhead: 1 })), { code: 'AORTA_GUARD_004' });
  const told: string[] = [];
  guards.onChange(({ target, breaker }) => told.push(`${target} ${breaker}`));
  for (let i = 0; i < 10; i++) await attempt(guard, failing);
  assert.deepEqual(told, ['ehr open']);
});

test('a declaration that could let nothing or everything through is refused', () => {
  const bad: TargetOptions[] = [
    { bulkhead: 0 },
    { bulkhead: 1.5 },
    { queue: -1 },
    { deadlineMs: 0 },
    { limiter: { requests: 0 } },
    { limiter: { requests: 5, burst: 0 } },
    { breaker: { errorPercent: 0 } },
    { breaker: { openMs: Number.NaN } },
  ];
  for (const options of bad) assert.throws(() => defineTarget('ehr', options), { code: 'AORTA_GUARD_005' }, JSON.stringify(options));
  assert.throws(() => defineTarget('EHR of Jane'), { code: 'AORTA_GUARD_005' });
});
