// The law between the two interpreters: whatever flow of whatever operators, the fused form that the engine runs and the
// RxJS reference do exactly the same things to the turn, in the same order, and fail alike.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asyncScheduler, delay, lastValueFrom, mergeMap, type OperatorFunction, observeOn, of, range, map as rxMap } from 'rxjs';
import { type CompiledFlow, compile } from '../../src/flow/compile.ts';
import type { DueTimer } from '../../src/flow/operator.ts';
import { reference, referenceLane, referenceTimer } from '../../src/flow/reference.ts';
import {
  actor,
  batch,
  branch,
  breaker,
  call,
  dedupe,
  defineTarget,
  effect,
  enrich,
  type Flow,
  filter,
  filterMap,
  flatMap,
  flow,
  itemFailed,
  map,
  mapAsync,
  type Operator,
  pipe,
  process,
  rateLimit,
  rekey,
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

const target = defineTarget('ehr');
const rows = table<{ id: number }>('rows', { columns: { id: { type: 'integer' } }, key: ['id'] });

/** Functions of the value only, so that both interpreters see the same; `k` makes them differ from node to node. */
type Op =
  | {
      readonly op:
        | 'map'
        | 'tap'
        | 'filter'
        | 'filterMap'
        | 'flatMap'
        | 'mapAsync'
        | 'batch'
        | 'process'
        | 'write'
        | 'rx'
        | 'rxAsync'
        | 'call'
        | 'enrich'
        | 'dedupe'
        | 'rateLimit'
        | 'breaker'
        | 'throw'
        | 'reject';
      readonly k: number;
    }
  | { readonly op: 'branch'; readonly k: number; readonly branches: readonly Chain[] }
  | { readonly op: 'tee' | 'lanes'; readonly k: number; readonly branches: readonly Chain[] }
  | { readonly op: 'to' | 'rekey' | 'skip'; readonly k: number };
type Chain = readonly Op[];

const k = fc.integer({ min: 0, max: 6 });
const plain = fc.record({
  op: fc.constantFrom(
    'map',
    'tap',
    'filter',
    'filterMap',
    'flatMap',
    'mapAsync',
    'batch',
    'process',
    'write',
    'rx',
    'rxAsync',
    'call',
    'enrich',
    'dedupe',
    'rateLimit',
    'breaker',
    'throw',
    'reject',
  ),
  k,
}) as fc.Arbitrary<Op>;
const end = fc.record({ op: fc.constantFrom('to', 'rekey', 'skip'), k }) as fc.Arbitrary<Op>;
const { chain } = fc.letrec<{ chain: Chain; node: Op; last: Op }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 5, arbitrary: plain },
    {
      weight: 1,
      arbitrary: fc.record({ op: fc.constant('branch' as const), k, branches: fc.array(tie('chain'), { minLength: 1, maxLength: 3 }) }),
    },
  ),
  last: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 3, arbitrary: end },
    {
      weight: 1,
      arbitrary: fc.record({
        op: fc.constantFrom('tee' as const, 'lanes' as const),
        k,
        branches: fc.array(tie('chain'), { minLength: 1, maxLength: 3 }),
      }),
    },
  ),
  chain: fc
    .tuple(fc.array(tie('node'), { maxLength: 5 }), fc.option(tie('last'), { nil: undefined }))
    .map(([nodes, last]) => (last ? [...nodes, last] : nodes)),
}));

const counting = (n: number) =>
  actor<{ sum: number }, number, number>({
    version: 1,
    initial: () => ({ sum: n }),
    receive: (state, value, ctx) => {
      if (value % 5 === 4) return { state: null, skip: 'forgotten' };
      if (value % 5 === 3) return {};
      return {
        state: { sum: state.sum + value },
        emit: Array.from({ length: value % 3 }, (_, i) => state.sum + i),
        timers: [{ name: 'later', at: value % 2 ? ctx.now + n : null, payload: value }],
      };
    },
    timer: (state, timer) => ({
      state: { sum: state.sum + 1 },
      emit: [state.sum, timer.payload as number].slice(0, (timer.payload as number) % 3),
    }),
  });

/** Names are unique over the flow by a counter; everything else follows from `k`. */
function build(nodes: Chain): Flow<unknown> {
  let count = 0;
  const named = (op: string) => `${op.toLowerCase()}-${++count}`;
  const chained = (inside: Chain): Operator<number, number> => inside.map(operator).reduce((all, one) => pipe(all, one), pipe<number>());
  function operator(node: Op): Operator<number, number> {
    const { op, k } = node;
    switch (op) {
      case 'map':
        return map((n) => n * 2 + k);
      case 'tap':
        return tap(() => {});
      case 'filter':
        return filter(named(op), (n) => n % 7 !== k);
      case 'filterMap':
        return filterMap(named(op), (n) => (n % 7 === k ? skip(`seven-${k}`) : n + 1));
      case 'flatMap':
        return flatMap((n) => Array.from({ length: (n + k) % 4 }, (_, i) => n + i));
      case 'batch':
        return batch(
          named(op),
          async (items) => items.map(({ value }) => (value % 7 === k ? itemFailed(new Error(`item ${value}`)) : value + k)),
          {
            max: 2 + k,
            within: 1 + k,
          },
        );
      case 'mapAsync':
        return mapAsync(named(op), async (n) => n + k, { deadlineMs: 1000 + k });
      case 'process':
        return process(named(op), counting(k));
      case 'write':
        return write(named(op), {
          tables: [rows],
          effects: (n) => (n % 3 === 0 ? [] : n % 3 === 1 ? effect.upsert(rows, { id: n }) : [effect.remove(rows, { id: n })]),
        });
      case 'rx':
        return rx(
          named(op),
          mergeMap((n: number) => range(n, (n + k) % 3)),
          { synchronous: true },
        );
      case 'rxAsync':
        return rx(
          mergeMap((n: number) =>
            k % 2
              ? of(n, n + 1).pipe(observeOn(asyncScheduler))
              : of(n).pipe(
                  delay(0),
                  rxMap((m) => m + 1),
                ),
          ),
        );
      case 'call':
        return call(
          named(op),
          target,
          async (n, { idempotencyKey }) => {
            if (n % 11 === k) throw new Error(`refused ${n}`);
            return n + idempotencyKey.charCodeAt(0);
          },
          { key: k % 2 ? 'derived' : (n) => `own-${n}`, journal: k === 3, readOnly: k === 4, deadlineMs: 500 + k },
        );
      case 'enrich':
        return enrich(named(op), {
          by: (n) => (n % 4 === 0 ? null : `${n % 7}`),
          lookup: async (key) => {
            if (key === `${k}` && k > 4) throw new Error(`not found ${key}`);
            return key.length + k;
          },
          into: (n, found) => n + (found ?? 0),
          ...(k % 2 ? { target } : {}),
          ...(k % 3 ? { cache: { max: 10, ttlMs: 1000 } } : {}),
        });
      case 'dedupe':
        return dedupe(named(op), (n) => (n % 13 === 12 ? '' : `${n % (k + 2)}`), { ttlMs: 1000 + k });
      case 'rateLimit':
        return rateLimit(target, { requests: k + 1 });
      case 'breaker':
        return breaker(target, { failures: k + 1 });
      case 'throw':
        return map((n) => {
          if (n % 7 === k) throw new Error(`threw ${n}`);
          return n;
        });
      case 'reject':
        return mapAsync(named(op), async (n) => {
          if (n % 7 === k) throw new Error(`rejected ${n}`);
          return n;
        });
      case 'branch': {
        const cases = Object.fromEntries(
          node.branches.slice(1).map((inside, i) => [`b${i}`, [(n: number) => n % (i + 2) === k % 2, chained(inside)] as const]),
        );
        return branch(named(op), { ...cases, otherwise: k === 6 ? skip('six') : chained(node.branches[0] as Chain) } as never);
      }
      case 'tee':
        return tee(Object.fromEntries(node.branches.map((inside, i) => [`t${i}`, chained(inside)])));
      case 'lanes':
        return tee(named(op), Object.fromEntries(node.branches.map((inside, i) => [`${named('lane')}-${i}`, chained(inside)])), {
          lanes: 'independent',
        });
      case 'rekey':
        // Some give no key: both forms fail alike.
        return rekey(named(op), (n) => (n % 7 === k ? '' : `key-${n % 3}`), topic<number>(`topic-${k}`, 'int'));
      case 'to': {
        const name = named(op);
        return to(name, topic<number>(`topic-${k}`, 'int'));
      }
      case 'skip':
        return branch(named('never'), { otherwise: skip(`ends-${k}`) });
    }
  }
  return chained(nodes)(flow('random').from(topic<number>('in', 'int')));
}

interface Outcome {
  readonly log: readonly unknown[];
  readonly states: readonly unknown[];
  readonly thrown: string | undefined;
  /** Where the turn stood when it failed. */
  readonly at: string | undefined;
  readonly open: number | undefined;
}

async function outcome(compiled: CompiledFlow, run: (turn: RecordingTurn) => unknown): Promise<Outcome> {
  const turn = new RecordingTurn(compiled.stores);
  let thrown: string | undefined;
  try {
    await run(turn);
  } catch (error) {
    thrown = String(error);
  }
  return { log: turn.log, states: [...turn.states], thrown, at: thrown && turn.at, open: thrown === undefined ? turn.open : undefined };
}

const pump = <A>(value: A, pipeline: OperatorFunction<A, unknown>) => lastValueFrom(of(value).pipe(pipeline), { defaultValue: undefined });

test('the fused form and the RxJS reference do the same, in the same order, and settle every child once', async () => {
  const settled = { done: 0, failed: 0, lanes: 0 };
  await fc.assert(
    fc.asyncProperty(chain, fc.nat(20), async (nodes, value) => {
      const built = build(nodes);
      const compiled = compile(built);
      const fused = await outcome(compiled, (turn) => compiled.start(value, turn));
      const rxjs = await outcome(compiled, (turn) => pump(value, reference(built, turn)));
      assert.deepEqual(fused, rxjs);
      if (fused.thrown === undefined) assert.equal(fused.open, 0, 'every child settled exactly once');
      settled[fused.thrown === undefined ? 'done' : 'failed'] += 1;
      for (const [name, lane] of compiled.lanes) {
        if (name === 'main') continue;
        assert.deepEqual(
          await outcome(compiled, (turn) => lane.start(value, turn)),
          await outcome(compiled, (turn) => pump(value, referenceLane(built, name, turn))),
        );
        settled.lanes += 1;
      }
      for (const [id, step] of compiled.timers) {
        const timer: DueTimer = { name: 'later', payload: value };
        assert.deepEqual(
          await outcome(compiled, (turn) => step(timer, turn)),
          await outcome(compiled, (turn) => pump(timer, referenceTimer(built, id, turn))),
        );
      }
    }),
    { numRuns: Number(globalThis.process.env['AORTA_PROPERTY_RUNS'] ?? 400) },
  );
  // A generator that only makes failing or trivial flows would prove nothing.
  assert.ok(settled.done > 50 && settled.failed > 20 && settled.lanes > 10, JSON.stringify(settled));
});

test('a flow that is synchronous never gives a promise, and one that gives a promise says so', async () => {
  await fc.assert(
    fc.asyncProperty(chain, fc.nat(20), async (nodes, value) => {
      const compiled = compile(build(nodes));
      let pending: unknown;
      try {
        pending = compiled.start(value, new RecordingTurn(compiled.stores));
        await pending;
      } catch {
        // Failing is fine here.
      }
      if (!compiled.asynchronous) assert.equal(pending, undefined);
      for (const lane of compiled.lanes.values()) {
        let inLane: unknown;
        try {
          inLane = lane.start(value, new RecordingTurn(compiled.stores));
          await inLane;
        } catch {
          // Failing is fine here.
        }
        if (!lane.asynchronous) assert.equal(inLane, undefined);
      }
    }),
    { numRuns: 200 },
  );
});
