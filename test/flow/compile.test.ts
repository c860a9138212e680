import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concatMap, delay, EMPTY, from, Observable, type OperatorFunction, of, repeat, map as rxMap } from 'rxjs';
import { compile } from '../../src/flow/compile.ts';
import {
  actor,
  branch,
  effect,
  type Flow,
  filter,
  filterMap,
  flatMap,
  flow,
  map,
  mapAsync,
  pipe,
  process,
  rx,
  skip,
  table,
  tap,
  tee,
  to,
  topic,
  write,
} from '../../src/index.ts';
import { RecordingTurn } from './recording-turn.ts';

const numbers = topic<number>('in', 'int');
const out = topic<number>('out', 'int');
const other = topic<number>('other', 'int');

function run(built: Flow<unknown>, value: unknown) {
  const compiled = compile(built);
  const turn = new RecordingTurn(compiled.stores);
  return { turn, compiled, pending: compiled.start(value, turn) };
}

test('consecutive synchronous operators run without a promise and end in one done', () => {
  const { turn, pending, compiled } = run(
    flow('f')
      .from(numbers)
      .pipe(
        map((n) => n + 1),
        tap(() => {}),
        map((n) => n * 2),
        to(out),
      ),
    1,
  );
  assert.equal(pending, undefined);
  assert.deepEqual(turn.log, [
    ['emit', 'out', 'out', 4],
    ['done', 'out'],
  ]);
  assert.equal(turn.open, 0);
  assert.equal(compiled.asynchronous, false);
  assert.equal(compiled.stateful, false);
});

test('a filter skips under its name, a filterMap under the given reason, and both pass on what they keep', () => {
  const built = flow('f')
    .from(numbers)
    .pipe(
      filter('positive', (n) => n > 0),
      filterMap('halves', (n) => (n % 2 === 0 ? n / 2 : skip('odd'))),
      to(out),
    );
  assert.deepEqual(run(built, -1).turn.log, [['skip', 'positive', 'positive']]);
  assert.deepEqual(run(built, 3).turn.log, [['skip', 'halves', 'odd']]);
  assert.deepEqual(run(built, 4).turn.log, [
    ['emit', 'out', 'out', 2],
    ['done', 'out'],
  ]);
});

test('filterMap passes null and undefined on: only skip() skips', () => {
  const built = flow('f')
    .from(numbers)
    .pipe(
      filterMap('nothing', () => undefined),
      to(topic<undefined>('out', 'null')),
    );
  assert.deepEqual(run(built, 1).turn.log, [
    ['emit', 'out', 'out', undefined],
    ['done', 'out'],
  ]);
});

test('flatMap derives before the first child runs, and runs each child to its end before the next', () => {
  const built = flow('f')
    .from(numbers)
    .pipe(
      flatMap((n) => [n, n + 1]),
      write('rows', { tables: [rows], effects: (n) => row(n) }),
      to(out),
    );
  const { turn } = run(built, 1);
  assert.deepEqual(turn.log, [
    ['derive', 'in/flatMap', 2],
    ['write', 'rows', row(1)],
    ['emit', 'out', 'out', 1],
    ['done', 'out'],
    ['write', 'rows', row(2)],
    ['emit', 'out', 'out', 2],
    ['done', 'out'],
  ]);
  assert.equal(turn.open, 0);
});

test('flatMap: nothing is skipped as empty, one child reuses, a generator is refused', () => {
  const of1 = (values: unknown) =>
    flow('f')
      .from(numbers)
      .pipe(
        flatMap(() => values as number[]),
        to(out),
      );
  assert.deepEqual(run(of1([]), 1).turn.log, [['skip', 'in/flatMap', 'empty']]);
  assert.deepEqual(run(of1([5]), 1).turn.log, [
    ['emit', 'out', 'out', 5],
    ['done', 'out'],
  ]);
  assert.throws(
    () =>
      run(
        of1(
          (function* () {
            yield 1;
          })(),
        ),
        1,
      ),
    { code: 'AORTA_FLOW_007' },
  );
});

test('branch takes the first match only, and rejoins unless the branch ends in a sink or a skip', () => {
  const built = flow('f')
    .from(numbers)
    .pipe(
      branch('size', {
        big: [(n) => n > 100, pipe(map((n) => n / 2))],
        positive: [(n) => n > 0, to(other)],
        odd: [(n) => n % 2 !== 0, skip('odd')],
        otherwise: pipe(),
      }),
      map((n) => n + 1),
      to(out),
    );
  assert.deepEqual(run(built, 200).turn.log, [
    ['emit', 'out', 'out', 101],
    ['done', 'out'],
  ]);
  assert.deepEqual(run(built, 50).turn.log, [
    ['emit', 'other', 'other', 50],
    ['done', 'other'],
  ]);
  assert.deepEqual(run(built, -3).turn.log, [['skip', 'size:odd/skip', 'odd']]);
  assert.deepEqual(run(built, -4).turn.log, [
    ['emit', 'out', 'out', -3],
    ['done', 'out'],
  ]);
});

test('tee gives the value to every branch in declared order; one child per branch', async () => {
  const built = flow('f')
    .from(numbers)
    .pipe(
      tee('both', {
        slow: pipe(
          mapAsync('slow', async (n) => n * 10),
          to(out),
        ),
        quick: to(other),
        nothing: filter('never', () => false),
      }),
    );
  const { turn, pending, compiled } = run(built, 1);
  await pending;
  assert.deepEqual(turn.log, [
    ['derive', 'both', 3],
    ['wait', 'slow', 30_000],
    ['emit', 'out', 'out', 10],
    ['done', 'out'],
    ['emit', 'other', 'other', 1],
    ['done', 'other'],
    ['skip', 'never', 'never'],
  ]);
  assert.equal(turn.open, 0);
  assert.equal(compiled.asynchronous, true);
});

test("mapAsync waits within its deadline, else the flow's; ctx.signal is the operator's", async () => {
  const signals: AbortSignal[] = [];
  const built = flow('f', { deadlineMs: 500 })
    .from(numbers)
    .pipe(
      mapAsync(
        'a',
        async (n, ctx) => {
          signals.push(ctx.signal);
          return n;
        },
        { deadlineMs: 90_000 },
      ),
      mapAsync('b', async (n) => n),
    );
  const { turn, pending } = run(built, 1);
  await pending;
  assert.deepEqual(turn.log, [
    ['wait', 'a', 90_000],
    ['wait', 'b', 500],
    ['done', 'b'],
  ]);
  assert.notEqual(signals[0], turn.ctx.signal);
});

test('a throw, sync or async, comes out of the step and is attributed to its node', async () => {
  const broken = (): number => {
    throw new Error('broken');
  };
  const sync = compile(flow('f').from(numbers).pipe(map('bad', broken), to(out)));
  const turn = new RecordingTurn();
  assert.throws(() => sync.start(1, turn), { message: 'broken' });
  assert.equal(turn.at, 'bad');
  const later = compile(
    flow('f')
      .from(numbers)
      .pipe(
        mapAsync('fine', async (n) => n),
        mapAsync('bad', broken as unknown as () => Promise<number>),
        to(out),
      ),
  );
  const second = new RecordingTurn();
  await assert.rejects(async () => later.start(1, second), { message: 'broken' });
  assert.equal(second.at, 'bad');
});

test('tap refuses a promise, whose rejection nobody would see', () => {
  assert.throws(
    () =>
      run(
        flow('f')
          .from(numbers)
          .pipe(
            tap(async () => {
              throw new Error('lost');
            }),
          ),
        1,
      ),
    { code: 'AORTA_FLOW_004' },
  );
});

const rows = table<{ id: number }>('rows', { columns: { id: { type: 'integer' } }, key: ['id'] });
const undeclared = table<{ id: number }>('undeclared', { columns: { id: { type: 'integer' } }, key: ['id'] });
const row = (id: number) => effect.upsert(rows, { id });

test('write refuses a table that it does not declare, and passes the value on', () => {
  const built = flow('f')
    .from(numbers)
    .pipe(
      write('rows', { tables: [rows], effects: (n) => (n > 0 ? row(n) : n === 0 ? [] : effect.upsert(undeclared, { id: n })) }),
      to(out),
    );
  assert.deepEqual(run(built, 1).turn.log, [
    ['write', 'rows', row(1)],
    ['emit', 'out', 'out', 1],
    ['done', 'out'],
  ]);
  assert.deepEqual(run(built, 0).turn.log, [
    ['emit', 'out', 'out', 0],
    ['done', 'out'],
  ]);
  assert.throws(() => run(built, -1), { code: 'AORTA_FLOW_003' });
  assert.equal(compile(built).stateful, true);
  assert.deepEqual(
    compile(built).tables.map((t) => t.name),
    ['rows'],
  );
});

const counter = actor({
  version: 1,
  initial: () => ({ seen: 0 }),
  receive: (state, n: number, ctx) =>
    n < 0
      ? { state: null, skip: 'forgotten' }
      : n === 0
        ? {}
        : {
            state: { seen: state.seen + 1 },
            emit: Array.from({ length: n }, (_, i) => state.seen + i),
            timers: [{ name: 'idle', at: ctx.now + 1 }],
          },
  timer: (state, timer) => ({ emit: [state.seen * 100, (timer.payload as number) ?? 0] }),
});

test('process hands state, timers and emissions to the turn; no emission is a named skip', () => {
  const built = flow('f').from(numbers).pipe(process('count', counter), to(out));
  const { turn, compiled } = run(built, 2);
  assert.deepEqual(turn.log, [
    ['state', 'count', { seen: 1 }],
    ['timer', 'count', { name: 'idle', at: turn.ctx.now + 1 }],
    ['derive', 'count', 2],
    ['emit', 'out', 'out', 0],
    ['done', 'out'],
    ['emit', 'out', 'out', 1],
    ['done', 'out'],
  ]);
  assert.deepEqual(run(built, -1).turn.log, [
    ['state', 'count', null],
    ['skip', 'count', 'forgotten'],
  ]);
  assert.deepEqual(run(built, 0).turn.log, [['skip', 'count', 'no-emission']]);
  assert.deepEqual([...compiled.stores.keys()], ['count']);
  assert.equal(compiled.stateful, true);
});

test('a second value of the turn meets the state that the first one left', () => {
  const built = flow('f')
    .from(numbers)
    .pipe(
      flatMap((n) => [n, n]),
      process('count', counter),
      to(out),
    );
  assert.deepEqual(
    run(built, 1).turn.log.filter((entry) => (entry as string[])[0] === 'emit'),
    [
      ['emit', 'out', 'out', 0],
      ['emit', 'out', 'out', 1],
    ],
  );
});

test('a due timer enters at its node, also inside a branch, and goes on through what follows the branch', () => {
  const built = flow('f')
    .from(numbers)
    .pipe(
      branch('which', { counted: [(n) => n > 0, process('count', counter)], otherwise: skip('none') }),
      map((n) => n + 1),
      to(out),
    );
  const compiled = compile(built);
  const turn = new RecordingTurn(compiled.stores);
  compiled.timers.get('count')?.({ name: 'idle', payload: 7 }, turn);
  assert.deepEqual(turn.log, [
    ['derive', 'count', 2],
    ['emit', 'out', 'out', 1],
    ['done', 'out'],
    ['emit', 'out', 'out', 8],
    ['done', 'out'],
  ]);
});

test('a timer without a handler: setting one is refused, one left by older code is skipped by name', () => {
  const deaf = actor({ version: 1, initial: () => 0, receive: (_s, _n: number) => ({ timers: [{ name: 'idle', at: 1 }] }) });
  const built = flow('f').from(numbers).pipe(process('deaf', deaf));
  assert.throws(() => run(built, 1), { code: 'AORTA_FLOW_006' });
  const turn = new RecordingTurn();
  compile(built).timers.get('deaf')?.({ name: 'idle', payload: null }, turn);
  assert.deepEqual(turn.log, [['skip', 'deaf', 'timer-without-handler']]);
});

test('process refuses a promise in place of a reaction', () => {
  const late = actor({ version: 1, initial: () => 0, receive: (async () => ({})) as never });
  assert.throws(() => run(flow('f').from(numbers).pipe(process('late', late)), 1), { code: 'AORTA_FLOW_007' });
});

test('rx: emissions are children in order, none is rx-empty, an error fails', async () => {
  const lifted = (operator: OperatorFunction<number, number>) => flow('f').from(numbers).pipe(rx(operator), to(out));
  const several = run(lifted(concatMap((n) => from([n, n + 1]).pipe(delay(1)))), 1);
  await several.pending;
  assert.deepEqual(several.turn.log, [
    ['wait', 'in/rx', 30_000],
    ['derive', 'in/rx', 2],
    ['emit', 'out', 'out', 1],
    ['done', 'out'],
    ['emit', 'out', 'out', 2],
    ['done', 'out'],
  ]);
  const none = run(lifted(concatMap(() => EMPTY)), 1);
  await none.pending;
  assert.deepEqual(none.turn.log.at(-1), ['skip', 'in/rx', 'rx-empty']);
  await assert.rejects(
    async () =>
      run(
        lifted(
          rxMap(() => {
            throw new Error('inside');
          }),
        ),
        1,
      ).pending,
    { message: 'inside' },
  );
});

test('rx stops an operator that never ends: at its limit, and unsubscribed when the turn is discarded', async () => {
  await assert.rejects(
    async () =>
      run(
        flow('f')
          .from(numbers)
          .pipe(rx(repeat<number>(), { limit: 10 }), to(out)),
        1,
      ).pending,
    { code: 'AORTA_FLOW_005' },
  );
  let unsubscribed = false;
  const hanging = flow('f')
    .from(numbers)
    .pipe(
      rx(
        () =>
          new Observable<number>(() => () => {
            unsubscribed = true;
          }),
      ),
      to(out),
    );
  const { turn, pending } = run(hanging, 1);
  turn.discard(new Error('revoked'));
  await assert.rejects(async () => pending, { message: 'revoked' });
  assert.equal(unsubscribed, true);
});

test('rx with synchronous: true runs without a promise, and refuses an operator that does not complete at once', () => {
  const { turn, pending, compiled } = run(
    flow('f')
      .from(numbers)
      .pipe(
        rx(
          rxMap((n: number) => n + 1),
          { synchronous: true },
        ),
        to(out),
      ),
    1,
  );
  assert.equal(pending, undefined);
  assert.equal(compiled.asynchronous, false);
  assert.deepEqual(turn.log, [
    ['emit', 'out', 'out', 2],
    ['done', 'out'],
  ]);
  assert.throws(
    () =>
      run(
        flow('f')
          .from(numbers)
          .pipe(
            rx(
              concatMap((n: number) => of(n).pipe(delay(1))),
              { synchronous: true },
            ),
            to(out),
          ),
        1,
      ),
    { code: 'AORTA_FLOW_008' },
  );
});

test('compile refuses two nodes of one name: they would share state', () => {
  const built = flow('f')
    .from(numbers)
    .pipe(tee({ a: process('count', counter), b: process('count', counter) }));
  assert.throws(() => compile(built), { code: 'AORTA_FLOW_001' });
});

test('nothing may follow a sink; names and labels keep to their alphabet; a reason is never data', () => {
  const sunk = flow('f').from(numbers).pipe(to(out));
  assert.throws(() => sunk.pipe(map((v) => v)), { code: 'AORTA_FLOW_001' });
  assert.throws(() => flow('F').from(numbers), { code: 'AORTA_FLOW_001' });
  assert.throws(
    () =>
      flow('f')
        .from(numbers)
        .pipe(map('a/b', (n) => n)),
    { code: 'AORTA_FLOW_001' },
  );
  assert.throws(
    () =>
      flow('f')
        .from(numbers)
        .pipe(tee({ 1: to(out) })),
    { code: 'AORTA_FLOW_001' },
  );
  assert.throws(() => topic('a b', 'int'), { code: 'AORTA_FLOW_009' });
  assert.throws(() => topic('t', 'int', { partitions: 0 }), { code: 'AORTA_FLOW_009' });
  assert.throws(() => skip('MRN 12345'), { code: 'AORTA_FLOW_002' });
  assert.throws(
    () =>
      flow('f')
        .from(numbers)
        .pipe(tee({ a: (() => sunk) as never })),
    { code: 'AORTA_FLOW_001' },
  );
});

test('ids of unnamed nodes are paths without an index, unique in the flow', () => {
  const built = flow('f')
    .from(numbers)
    .pipe(
      map((n) => n),
      map((n) => n),
      branch('b', {
        map: [
          () => true,
          pipe(
            map((n) => n),
            map((n) => n),
          ),
        ],
        otherwise: pipe(map((n) => n)),
      }),
      map((n) => n),
      map((n) => n),
    );
  const ids = built.chain.flatMap((node) => [
    node.id,
    ...(node.branches ?? []).flatMap((branch) => branch.chain.map((inside) => inside.id)),
  ]);
  assert.deepEqual(ids, ['in', 'in/map', 'in/map/map', 'b', 'b:map/map', 'b:map/map/map', 'b:otherwise/map', 'b/map', 'b/map/map']);
});

test('a flow is immutable: pipe gives a new one', () => {
  const base = flow('f').from(numbers);
  const longer = base.pipe(map((n) => n));
  assert.equal(base.chain.length, 1);
  assert.equal(longer.chain.length, 2);
  assert.throws(() => {
    (longer.chain as unknown[]).push(1);
  }, TypeError);
});
