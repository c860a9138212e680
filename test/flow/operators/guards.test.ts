import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../../src/flow/compile.ts';
import {
  breaker,
  call,
  dedupe,
  defineTarget,
  describe,
  describeText,
  diff,
  enrich,
  flow,
  graphOf,
  hash,
  mermaid,
  rateLimit,
  to,
  topic,
} from '../../../src/index.ts';

const numbers = topic<number>('in', 'int');
const out = topic<number>('out', 'int');
const ehr = defineTarget('ehr', { limiter: { requests: 10 } });
const terms = defineTarget('terms');
const start = () => flow('f').from(numbers);
const ask = (target = ehr) => call<number, number>('ask', target, async (n) => n, { key: 'derived' });
const look = () => enrich<number, number, number>('look', { by: (n) => `${n}`, lookup: async () => 1, into: (n) => n, target: terms });

test('a call is at least once, and says why; a read, a look-up and an id leave the guarantee alone', () => {
  const called = describe(start().pipe(ask()));
  assert.equal(called.guarantee, 'at least once with deterministic ids');
  assert.match(called.paths[0]?.because.join() ?? '', /call 'ask' may be called again after a crash, with the same event id/);
  const reading = start().pipe(
    dedupe('once', (n) => `${n}`),
    look(),
    call('read', ehr, async (n: number) => n, { readOnly: true }),
    to(out),
  );
  assert.equal(describe(reading).guarantee, 'effects exactly once', 'ids are kept in the turn’s transaction, so there is an outbox');
  assert.equal(describe(start().pipe(look(), to(out))).guarantee, 'at least once with deterministic ids', 'a stateless flow has none');
  assert.equal(graphOf(start().pipe(call('j', ehr, async (n: number) => n, { key: 'derived', journal: true }))).stateful, true);
});

test('the graph holds the whole declaration of a target: what limits a flow is reviewed with it', () => {
  const before = start().pipe(ask());
  assert.notEqual(hash(before), hash(start().pipe(ask(defineTarget('ehr', { limiter: { requests: 11 } })))));
  assert.notEqual(hash(before), hash(start().pipe(breaker(ehr, { failures: 3 }), ask())));
  assert.equal(hash(before), hash(start().pipe(ask(defineTarget('ehr', { limiter: { requests: 10 } })))));
  assert.deepEqual(graphOf(before).nodes[1]?.options['target'], JSON.parse(JSON.stringify(ehr)));
  assert.equal(
    diff(
      graphOf(
        start().pipe(
          dedupe('once', (n) => `${n}`),
          to(out),
        ),
      ),
      graphOf(start().pipe(to(out))),
    ).changes.length > 0,
    true,
  );
});

test('guards of a flow set the target that its calls reach, and nothing else', () => {
  const built = start().pipe(
    rateLimit(ehr, { requests: 5, perMs: 60_000 }),
    breaker(ehr, { failures: 2, onOpen: 'park' }),
    look(),
    ask(),
    to(out),
  );
  const targets = new Map(compile(built).targets.map((target) => [target.name, target]));
  assert.deepEqual([...targets.keys()].sort(), ['ehr', 'terms']);
  assert.deepEqual(targets.get('ehr')?.limiter, { requests: 5, perMs: 60_000, burst: 1, waitMs: 5_000 });
  assert.equal(targets.get('ehr')?.breaker.failures, 2);
  assert.equal(targets.get('ehr')?.breaker.openMs, ehr.breaker.openMs);
  assert.equal(targets.get('ehr')?.onOpen, 'park');
  assert.deepEqual(targets.get('terms'), terms);
  assert.deepEqual(ehr.limiter?.requests, 10, 'the declaration itself is as it was');
  assert.deepEqual([...compile(built).reaches].sort(), [
    ['ask', 'ehr'],
    ['look', 'terms'],
  ]);
});

test('description and diagram name the target', () => {
  const built = start().pipe(
    dedupe('once', (n) => `${n}`),
    rateLimit(ehr, { requests: 5 }),
    look(),
    ask(),
    to(out),
  );
  const text = describeText(built);
  assert.match(text, /once\s+dedupe\s+reuse\s+store once/);
  assert.match(text, /ask\s+call\s+reuse\s+outside/);
  const drawn = mermaid(built);
  assert.match(drawn, /n_ask\[\/"ask<br\/>call: ehr"\/\]/);
  assert.match(drawn, /n_look\[\/"look<br\/>enrich: terms"\/\]/);
  assert.match(drawn, /n_once_2frateLimit>"rateLimit: ehr"\]/);
});

test('times that make no sense are refused where they are written', () => {
  assert.throws(() => start().pipe(dedupe('once', (n) => `${n}`, { ttlMs: 0 })), { code: 'AORTA_FLOW_001' });
  assert.throws(() => start().pipe(rateLimit(ehr, { requests: 0 })), { code: 'AORTA_FLOW_001' });
  assert.throws(() => start().pipe(breaker(ehr, { openMs: -1 })), { code: 'AORTA_FLOW_001' });
  assert.throws(() => start().pipe(call('ask', ehr, async (n: number) => n, { key: 'derived', deadlineMs: 0 })), {
    code: 'AORTA_FLOW_001',
  });
});
