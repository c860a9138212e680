import assert from 'node:assert/strict';
import { test } from 'node:test';
import { error } from '../../src/errors/index.ts';
import {
  branch,
  type CallContext,
  call,
  deadLetter,
  defineTarget,
  enrich,
  type Flow,
  flow,
  httpFailure,
  map,
  pipe,
  rateLimit,
  retry,
  type TargetOptions,
  tap,
  to,
  topic,
} from '../../src/index.ts';
import { TestDriver } from '../../src/testing/index.ts';

const numbers = topic<number>('numbers', 'int');
const answers = topic<string>('answers', 'string');
const start = () => flow('f').from(numbers);

interface Call {
  readonly value: number;
  readonly key: string;
  readonly patient: string;
  readonly at: number;
  readonly signal: AbortSignal;
}

/** An outside system in the test's hands, and a flow that calls it. */
async function calling(
  options: TargetOptions,
  answer: (value: number, ctx: CallContext, calls: readonly Call[]) => Promise<string> | string,
  build?: (operator: ReturnType<typeof call<number, string>>) => Flow<unknown>,
) {
  const calls: Call[] = [];
  let driver: TestDriver<number> | undefined;
  const target = defineTarget('ehr', options);
  const operator = call<number, string>(
    'ask',
    target,
    async (value, ctx) => {
      calls.push({ value, key: ctx.idempotencyKey, patient: ctx.key, at: driver?.clock.monotonic() ?? 0, signal: ctx.signal });
      return answer(value, ctx, calls);
    },
    { key: 'derived', ...(options.onOpen === 'fallback' ? { fallback: (value: number) => `instead of ${value}` } : {}) },
  );
  const built = build ? build(operator) : start().pipe(operator, to(answers));
  driver = await TestDriver.start<number>(built, { source: numbers });
  const emitted = async () => (await (driver as TestDriver<number>).emitted(answers)).map(({ value }) => value);
  return { driver, calls, target, emitted };
}

const down = (): never => {
  throw error('AORTA_GUARD_008', { problem: 'ECONNREFUSED' });
};
/** Another patient each, in the same flow. */
const patients = (count: number, from = 0) => Array.from({ length: count }, (_, i) => ({ key: `p${from + i}`, value: from + i }));

test('a call gets a key that is the same for every repetition and for nothing else', async () => {
  let fail = true;
  const { driver, calls, emitted } = await calling({}, (value) => {
    if (fail) down();
    return `${value}`;
  });
  await driver.send({ key: 'p', value: 1, eventId: 'e-1' }, { key: 'q', value: 1, eventId: 'e-2' });
  assert.equal(calls.length, 2);
  fail = false;
  await driver.crash();
  await driver.advance(10_000);
  assert.equal(calls.length, 4);
  const keys = (patient: string) => new Set(calls.filter((one) => one.patient === patient).map(({ key }) => key));
  assert.equal(keys('p').size, 1);
  assert.equal(keys('q').size, 1);
  assert.notDeepEqual(keys('p'), keys('q'));
  assert.match(calls[0]?.key ?? '', /^[0-9a-f]{64}$/);
  assert.equal((await emitted()).length, 2);
  await driver.stop();
});

test('while the breaker is open patients wait without using up their retries, and go on by themselves, in order', async () => {
  let up = false;
  const { driver, calls, emitted } = await calling({ breaker: { failures: 3, openMs: 5_000 } }, (value) => (up ? `${value}` : down()));
  const changes: string[] = [];
  driver.running.breakers.subscribe(({ breaker }) => changes.push(breaker));
  await driver.send(...patients(3));
  assert.deepEqual(changes, ['open']);
  assert.equal(driver.targets()[0]?.breaker, 'open');
  const before = calls.length;
  await driver.send(...patients(20, 10), { key: 'p10', value: 1_000 });
  assert.equal(calls.length, before, 'nobody calls an open target');
  const [wait] = driver.why('p10');
  assert.equal(wait?.reason, 'breaker');
  assert.equal(wait?.attempt, 1);
  const probes: number[] = [];
  for (let i = 0; i < 24; i++) {
    const made = calls.length;
    await driver.advance(5_000);
    probes.push(calls.length - made);
  }
  assert.ok(
    probes.every((count) => count <= 1),
    `one probe at a time: ${probes}`,
  );
  assert.ok(probes.filter((count) => count === 1).length >= 10, `${probes}`);
  up = true;
  await driver.advance(15_000);
  const waited = await emitted();
  for (const { value } of patients(20, 10)) assert.ok(waited.includes(`${value}`), `patient ${value} after two minutes`);
  assert.ok(waited.indexOf('1000') > waited.indexOf('10'), 'in order');
  assert.equal(changes.at(-1), 'closed');
  await driver.stop();
});

test('park: patients go to the held list with the reason, cost the store nothing while they wait, and come back', async () => {
  let up = false;
  const { driver, calls, emitted } = await calling({ breaker: { failures: 3 }, onOpen: 'park' }, (value) => (up ? `${value}` : down()));
  await driver.send(...patients(3));
  await driver.send(...patients(20, 10));
  await driver.advance(50);
  const held = (await driver.held()).filter(({ head }) => head.reason === 'breaker' && head.errorCode === 'AORTA_GUARD_001');
  assert.equal(held.length, 20);
  const { head } = held[0] as (typeof held)[0];
  assert.deepEqual(
    { operator: head.operator, code: head.errorCode, attempt: head.attempt },
    { operator: 'ask', code: 'AORTA_GUARD_001', attempt: 1 },
  );
  const [groups, made] = [driver.state.journal.length, calls.length];
  await driver.advance(120_000);
  const written = driver.state.journal.length - groups;
  const tried = calls.length - made;
  assert.ok(written <= tried * 3 + 10, `${written} groups for ${tried} probes`);
  assert.ok(tried >= 10 && tried <= 30, `${tried} probes in two minutes`);
  assert.deepEqual(driver.running.overdue(), [], 'who waits for a target is no alarm');
  up = true;
  await driver.advance(15_000);
  assert.equal((await emitted()).filter((value) => Number(value) >= 10).length, 20);
  await driver.stop();
});

test('fallback: the value of the call is given at once while the breaker is open', async () => {
  let up = false;
  const { driver, calls, emitted } = await calling({ breaker: { failures: 1 }, onOpen: 'fallback' }, (value) => (up ? `${value}` : down()));
  await driver.send({ key: 'a', value: 1 });
  await driver.send({ key: 'b', value: 2 });
  assert.deepEqual(await emitted(), ['instead of 2']);
  assert.equal(calls.length, 1);
  up = true;
  await driver.advance(5_000);
  await driver.send({ key: 'c', value: 3 });
  assert.ok((await emitted()).includes('3'));
  await driver.stop();
});

test('one target that is down does not touch the patients of another', async () => {
  const lis = defineTarget('lis');
  const { driver, emitted } = await calling({ breaker: { failures: 1 } }, down, (operator) =>
    start().pipe(
      branch('system', {
        ehr: [(n: number) => n % 2 === 1, pipe(operator, to('from-ehr', answers))],
        otherwise: pipe(
          call('order', lis, async (n: number) => `lis ${n}`, { duplicates: 'acceptable' }),
          to('from-lis', answers),
        ),
      }),
    ),
  );
  await driver.send(...patients(40));
  assert.equal((await emitted()).length, 20);
  assert.deepEqual(
    driver.targets().map(({ target, breaker }) => [target, breaker]),
    [
      ['ehr', 'open'],
      ['lis', 'closed'],
    ],
  );
  await driver.stop();
});

test('Retry-After holds all callers of the target back, as seconds and as a date, and no retry comes earlier', async () => {
  for (const form of ['seconds', 'date'] as const) {
    let calm = false;
    const { driver, calls, emitted } = await calling({ bulkhead: 4, breaker: { failures: 100 } }, (value, ctx) => {
      if (calm) return `${value}`;
      const header = form === 'seconds' ? '20' : new Date(Math.ceil(driverClock.now() / 1000) * 1000 + 20_000).toUTCString();
      throw httpFailure({ status: 429, headers: { 'retry-after': header } }, driverClock.now()) ?? ctx;
    });
    const driverClock = driver.clock;
    await driver.send({ key: 'first', value: 0 });
    await driver.send(...patients(50, 1));
    assert.equal(calls.length, 1, 'the others were not let through');
    calm = true;
    await driver.advance(19_900);
    assert.equal(calls.length, 1);
    await driver.advance(40_000);
    assert.equal((await emitted()).length, 51);
    await driver.stop();
  }
});

test('a long Retry-After is waited for on the held list, over a restart', async () => {
  let calm = false;
  const { driver, calls, emitted } = await calling({}, (value) => {
    if (calm) return `${value}`;
    throw httpFailure({ status: 503, headers: { 'retry-after': '300' } }, 0) as Error;
  });
  await driver.send({ key: 'p', value: 1 }, { key: 'p', value: 2 });
  const asked = driver.clock.now();
  const [held] = await driver.held();
  assert.equal(held?.count, 2);
  assert.ok((held?.head.due ?? 0) >= asked + 299_000);
  calm = true;
  await driver.restart();
  await driver.advance(290_000);
  assert.equal(calls.length, 1);
  await driver.advance(20_000);
  assert.deepEqual(await emitted(), ['1', '2']);
  await driver.stop();
});

test('a quota spaces calls; those without a place soon wait on, none is lost', async () => {
  const { driver, calls, emitted } = await calling(
    {},
    (value) => `${value}`,
    (operator) => start().pipe(rateLimit(defineTarget('ehr'), { requests: 10, perMs: 1_000, waitMs: 2_000 }), operator, to(answers)),
  );
  const started = driver.clock.monotonic();
  await driver.send(...patients(100));
  await driver.advance(30_000);
  assert.equal((await emitted()).length, 100);
  const times = calls.map(({ at }) => at - started).sort((a, b) => a - b);
  for (const from of times) {
    const within = times.filter((at) => at >= from && at < from + 1_000).length;
    assert.ok(within <= 10, `${within} calls within a second`);
  }
  assert.ok((times.at(-1) ?? 0) < 15_000, `the quota was used: ${times.at(-1)}`);
  await driver.stop();
});

test('journal: a response is stored before anything later runs; what fails behind it calls no more', async () => {
  const calls: string[] = [];
  let broken = true;
  const ehr = defineTarget('ehr');
  const built = start().pipe(
    call(
      'create',
      ehr,
      async (n: number, ctx) => {
        calls.push(ctx.idempotencyKey);
        return { id: `id-${n}-${calls.length}`, missing: undefined };
      },
      { key: 'derived', journal: true },
    ),
    call(
      'use',
      ehr,
      async ({ id }) => {
        if (broken) down();
        return id;
      },
      { duplicates: 'acceptable' },
    ),
    to(answers),
  );
  const driver = await TestDriver.start<number>(built, { source: numbers });
  await driver.send({ key: 'p', value: 7 });
  assert.equal(calls.length, 1);
  await driver.advance(6_000);
  await driver.crash();
  await driver.advance(60_000);
  broken = false;
  await driver.advance(600_000);
  assert.deepEqual(
    (await driver.emitted(answers)).map(({ value }) => value),
    ['id-7-1'],
  );
  assert.equal(calls.length, 1, 'over retries and a crash');
  assert.deepEqual(await driver.state.states('f', 'journal:create', [calls[0] as string]), [null], 'and forgotten with the turn');
  await driver.stop();
});

test('journal: a response that would come back as something else is refused', async () => {
  const responses = [new Date(), new Map([[1, 2]]), Buffer.from('x'), new Response('x'), () => 1, 10n, Number.NaN, new Error('x')];
  const built = start().pipe(
    call('create', defineTarget('ehr'), async (n: number) => ({ inside: [responses[n]] }), { key: 'derived', journal: true }),
    map(String),
    to(answers),
  );
  const driver = await TestDriver.start<number>(built, { source: numbers });
  await driver.send(...patients(responses.length));
  const held = await driver.held();
  assert.deepEqual([held.length, new Set(held.map(({ head }) => head.errorCode))], [responses.length, new Set(['AORTA_GUARD_010'])]);
  await driver.stop();
});

test('journal: a record that is given up leaves nothing behind', async () => {
  const keys: string[] = [];
  const built = flow('f', { order: 'tolerant', onFailure: { Transient: { retry: retry.backoff(2_000, 2_000, 2), last: deadLetter } } })
    .from(numbers)
    .pipe(
      call('create', defineTarget('ehr'), async (n: number, ctx) => keys.push(ctx.idempotencyKey) + n, { key: 'derived', journal: true }),
      tap(down),
      map(String),
      to(answers),
    );
  const driver = await TestDriver.start<number>(built, { source: numbers });
  await driver.send({ key: 'p', value: 1 });
  await driver.crash();
  await driver.advance(20_000);
  assert.equal(driver.log.all('f.dlq').flat().length, 1);
  assert.equal(keys.length, 1);
  assert.deepEqual(await driver.state.states('f', 'journal:create', keys), [null]);
  await driver.stop();
});

test('journal: what comes back is what was given, in every shape of JSON', async () => {
  class Decoded {
    readonly id = 'x';
  }
  const responses = [undefined, null, 0, '', 'ü', [1, [2]], { a: { b: null } }, new Decoded(), { none: undefined }];
  let broken = true;
  const seen: unknown[] = [];
  const built = start().pipe(
    call<number, unknown>('create', defineTarget('ehr'), async (n) => responses[n], { key: 'derived', journal: true }),
    tap((value) => {
      if (broken) down();
      seen.push(value);
    }),
    map(() => 'seen'),
    to(answers),
  );
  const driver = await TestDriver.start<number>(built, { source: numbers });
  await driver.send(...responses.map((_, n) => ({ key: 'one', value: n })));
  broken = false;
  await driver.advance(10_000);
  assert.deepEqual(JSON.parse(JSON.stringify(seen)), JSON.parse(JSON.stringify(responses)));
  await driver.stop();
});

test('a turn that calls out waits until the earlier turns of its patient are durable', async () => {
  const seen: [number, number][] = [];
  const ehr = defineTarget('ehr');
  let driver: TestDriver<number> | undefined;
  const durable = () => driver?.state.journal.flatMap((group) => group.states).filter(({ store }) => store === 'sum').length ?? 0;
  const { process, actor } = await import('../../src/index.ts');
  const sum = actor({ version: 1, initial: () => 0, receive: (state: number, n: number) => ({ state: state + n, emit: [state + n] }) });
  const built = start().pipe(
    process('sum', sum),
    call(
      'tell',
      ehr,
      async (total: number) => {
        seen.push([total, durable()]);
        return `${total}`;
      },
      { key: 'derived' },
    ),
    to(answers),
  );
  // A store that is slow: it answers every third time.
  let asked = 0;
  driver = await TestDriver.start<number>(built, {
    source: numbers,
    fault: (call) => (call === 'transact' && ++asked % 3 ? 'refused' : 'none'),
  });
  await driver.send({ key: 'p', value: 1 }, { key: 'p', value: 1 }, { key: 'p', value: 1 }, { key: 'p', value: 1 });
  await driver.advance(20_000);
  assert.deepEqual(seen, [
    [1, 0],
    [2, 1],
    [3, 2],
    [4, 3],
  ]);
  await driver.stop();
});

test('a call is not made when the session could end before it: Fenced', async () => {
  const calls: number[] = [];
  const ehr = defineTarget('ehr', { deadlineMs: 8_000 });
  const built = start().pipe(
    call('ask', ehr, async (n: number) => `${calls.push(n)}`, { key: 'derived' }),
    to(answers),
  );
  const driver = await TestDriver.start<number>(built, { source: numbers, engine: { sessionTimeoutMs: 10_000 } });
  driver.log.heartbeatAge = () => 3_000;
  await driver.send({ key: 'p', value: 1 });
  assert.equal(calls.length, 0);
  driver.log.heartbeatAge = () => 500;
  await driver.advance(5_000);
  assert.equal(calls.length, 1);
  assert.equal((await driver.emitted(answers)).length, 1);
  assert.ok((driver.running.totals()['fenced'] ?? 0) >= 1);
  await driver.stop();
});

test('a late call is aborted alone, and tried again with the same key', async () => {
  const { driver, calls, emitted } = await calling({ deadlineMs: 1_000, bulkhead: 4 }, (value, ctx, calls) =>
    value === 1 && calls.filter((one) => one.value === 1).length === 1
      ? new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason)))
      : `${value}`,
  );
  await driver.send({ key: 'slow', value: 1 });
  await driver.send(...patients(3, 10));
  assert.equal((await emitted()).length, 3, 'others go on meanwhile');
  await driver.advance(10_000);
  assert.ok((await emitted()).includes('1'));
  const slow = calls.filter(({ value }) => value === 1);
  assert.equal(slow.length, 2);
  assert.equal(slow[0]?.signal.aborted, true);
  assert.equal(slow[0]?.key, slow[1]?.key);
  await driver.stop();
});

test('enrich asks once for what many want at once, keeps it for its time, and forgets the least used', async () => {
  const asked: string[] = [];
  const release: (() => void)[] = [];
  let wait = true;
  const built = start().pipe(
    enrich('terms', {
      by: (n: number) => (n < 0 ? null : `code-${n}`),
      lookup: (code) =>
        new Promise<string>((resolve) => {
          asked.push(code);
          const answer = () => resolve(code.toUpperCase());
          if (wait) release.push(answer);
          else answer();
        }),
      into: (n, found) => `${n} ${found ?? 'nothing'}`,
      cache: { max: 2, ttlMs: 60_000 },
    }),
    to(answers),
  );
  const driver = await TestDriver.start<number>(built, { source: numbers });
  await driver.send(...Array.from({ length: 30 }, (_, i) => ({ key: `p${i}`, value: 5 })));
  assert.deepEqual(asked, ['code-5']);
  release[0]?.();
  wait = false;
  await driver.advance(20);
  assert.deepEqual(new Set((await driver.emitted(answers)).map(({ value }) => value)), new Set(['5 CODE-5']));
  await driver.send({ key: 'a', value: 5 }, { key: 'b', value: -1 });
  assert.equal(asked.length, 1);
  await driver.send({ key: 'a', value: 6 });
  await driver.send({ key: 'a', value: 5 });
  await driver.send({ key: 'a', value: 7 });
  assert.deepEqual(asked, ['code-5', 'code-6', 'code-7']);
  await driver.send({ key: 'a', value: 5 });
  assert.equal(asked.length, 3, 'used after 6, so 6 went');
  await driver.send({ key: 'a', value: 6 });
  assert.equal(asked.length, 4);
  await driver.advance(61_000);
  await driver.send({ key: 'a', value: 6 });
  assert.equal(asked.length, 5, 'its time was over');
  assert.equal((await driver.emitted(answers)).length, 38);
  assert.ok((await driver.emitted(answers)).some(({ value }) => value === '-1 nothing'));
  await driver.stop();
});

test('enrich: a failure is not kept, and one who gives up takes nothing from those who wait', async () => {
  let fail = true;
  const asked: string[] = [];
  const built = start().pipe(
    enrich('terms', {
      by: (n: number) => `${n}`,
      lookup: async (code) => {
        asked.push(code);
        if (fail) down();
        return code;
      },
      into: (_n, found) => `${found}`,
      target: defineTarget('terms'),
      cache: { max: 10, ttlMs: 60_000 },
    }),
    to(answers),
  );
  const driver = await TestDriver.start<number>(built, { source: numbers });
  await driver.send({ key: 'a', value: 1 }, { key: 'b', value: 1 });
  assert.equal(asked.length, 1);
  fail = false;
  await driver.advance(10_000);
  assert.deepEqual(
    (await driver.emitted(answers)).map(({ value }) => value),
    ['1', '1'],
  );
  assert.equal(asked.length, 2);
  await driver.stop();
});
