import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson, schemaFingerprint } from '../../src/flow/canonical.ts';
import { pathsOf } from '../../src/flow/nodes.ts';
import {
  actor,
  branch,
  describe,
  describeText,
  effect,
  type FlowOptions,
  fail,
  filter,
  flow,
  graphOf,
  hash,
  map,
  mapAsync,
  mermaid,
  park,
  pipe,
  process,
  retry,
  skip,
  table,
  tap,
  tee,
  to,
  topic,
  write,
} from '../../src/index.ts';

const schema = { type: 'record', name: 'Vital', doc: 'A vital.', fields: [{ name: 'rate', type: 'int', doc: 'Per minute.' }] };
const vitals = topic<{ rate: number }>('vitals', schema);
const alerts = topic<number>('alerts', 'int', { partitions: 6 });
const audit = topic<{ rate: number }>('audit', schema);
const rows = table<{ id: number }>('rows', { columns: { id: { type: 'integer' } }, key: ['id'] });
const peak = actor({
  version: 2,
  initial: () => 0,
  migrate: () => 0,
  receive: (s: number, v: { rate: number }) => (v.rate > s ? { state: v.rate, emit: [v.rate] } : {}),
});

const sample = (options: FlowOptions = {}) =>
  flow('sample', options)
    .from(vitals)
    .pipe(
      filter('plausible', (v) => v.rate > 0),
      tee({
        alert: pipe(process('peak', peak), branch('level', { high: [(n) => n > 100, tap(() => {})], otherwise: skip('calm') }), to(alerts)),
        audit: pipe(write('rows', { tables: [rows], effects: (v) => effect.upsert(rows, { id: v.rate }) }), to(audit)),
      }),
    );

test('the graph has every node and edge, in the order of the flow, with labels where a branch is entered', () => {
  const graph = graphOf(sample());
  assert.deepEqual(
    graph.nodes.map(({ id, op, ack, order }) => [id, op, ack, order]),
    [
      ['vitals', 'from', 'root', 'offset'],
      ['plausible', 'filter', 'reuse', 'kept'],
      ['plausible/tee', 'tee', 'derive', 'kept'],
      ['peak', 'process', 'derive', 'kept'],
      ['level', 'branch', 'move', 'kept'],
      ['level:high/tap', 'tap', 'reuse', 'kept'],
      ['level:otherwise/skip', 'skip', 'sink', 'kept'],
      ['alerts', 'to', 'sink', 'kept'],
      ['rows', 'write', 'reuse', 'kept'],
      ['audit', 'to', 'sink', 'kept'],
    ],
  );
  assert.deepEqual(graph.edges, [
    { from: 'vitals', to: 'plausible' },
    { from: 'plausible', to: 'plausible/tee' },
    { from: 'plausible/tee', label: 'alert', to: 'peak' },
    { from: 'peak', to: 'level' },
    { from: 'level', label: 'high', to: 'level:high/tap' },
    { from: 'level', label: 'otherwise', to: 'level:otherwise/skip' },
    { from: 'level:high/tap', to: 'alerts' },
    { from: 'plausible/tee', label: 'audit', to: 'rows' },
    { from: 'rows', to: 'audit' },
  ]);
  assert.deepEqual(graph.nodes.find(({ id }) => id === 'peak')?.options, { migrates: true, stateVersion: 2, timers: false });
  assert.deepEqual(
    graph.topics.map(({ name, partitions }) => [name, partitions]),
    [
      ['alerts', 6],
      ['audit', 12],
      ['vitals', 12],
    ],
  );
  assert.equal(graph.stateful, true);
});

test('the graph is data: it survives JSON, is frozen, and freezes nothing of the user', () => {
  const graph = graphOf(sample({ onFailure: { Overload: { retry: retry.backoff(1, 2, Number.POSITIVE_INFINITY), last: park } } }));
  assert.deepEqual(JSON.parse(JSON.stringify(graph)), graph);
  assert.throws(() => (graph.nodes as unknown[]).push(1), TypeError);
  assert.equal(Object.isFrozen(rows.columns), false);
});

test('the hash follows structure, names, options and schemas, and nothing else', () => {
  const base = hash(sample());
  assert.match(base, /^[0-9a-f]{64}$/);
  assert.equal(hash(sample()), base, 'the same flow built again, at another position');
  assert.equal(hash(graphOf(sample())), base, 'from the graph as well');
  const small = (threshold: number, name = 'positive', source = vitals) =>
    hash(
      flow('s')
        .from(source)
        .pipe(
          filter(name, (v) => v.rate > threshold),
          to(topic('out', schema)),
        ),
    );
  assert.equal(small(1), small(2), 'a function body');
  assert.equal(small(1, 'positive', topic('vitals', { ...schema, doc: 'Another comment.' })), small(1), "a schema's comments");
  assert.notEqual(small(1, 'positive', topic('vitals', { ...schema, name: 'Other' })), small(1), 'a schema');
  assert.notEqual(small(1, 'other'), small(1), 'a name');
  assert.notEqual(hash(sample({ deadlineMs: 1 })), base, 'an option');
  assert.notEqual(hash(sample({ version: '2' })), base, 'the version');
  assert.notEqual(hash(sample({ onFailure: { Defect: { last: fail } } })), base, 'supervision');
  const order = (labels: readonly string[]) =>
    hash(
      flow('s')
        .from(vitals)
        .pipe(
          branch('b', { ...Object.fromEntries(labels.map((label) => [label, [() => true, skip(label)]])), otherwise: skip('no') } as never),
        ),
    );
  assert.notEqual(order(['a', 'b']), order(['b', 'a']), 'the order of branches: the first match wins');
});

test('canonical JSON does not depend on the order of keys', () => {
  assert.equal(canonicalJson({ b: [1, { d: 1, c: undefined }], a: null }), '{"a":null,"b":[1,{"d":1}]}');
  assert.equal(schemaFingerprint({ type: 'record', name: 'R', fields: [] }), schemaFingerprint({ fields: [], name: 'R', type: 'record' }));
  assert.equal(schemaFingerprint(null), null);
  const field = (extra: object) => schemaFingerprint({ type: 'record', name: 'R', fields: [{ name: 'doc', type: 'string', ...extra }] });
  assert.notEqual(field({ default: { doc: 'x' } }), field({ default: { doc: 'y' } }), 'a default that looks like a comment is none');
  assert.notEqual(field({ phi: true }), field({}));
});

test("a path in the transaction is exactly once; the worst path is the flow's", () => {
  const { guarantee, paths } = describe(sample());
  assert.equal(guarantee, 'effects exactly once');
  assert.deepEqual(
    paths.map((path) => [path.nodes.at(-1), path.guarantee]),
    [
      ['alerts', 'effects exactly once'],
      ['level:otherwise/skip', 'effects exactly once'],
      ['audit', 'effects exactly once'],
    ],
  );
});

test('a stateless sink and an outside call are at least once, and say why', () => {
  const stateless = describe(
    flow('f')
      .from(vitals)
      .pipe(
        map((v) => v.rate),
        to(alerts),
      ),
  );
  assert.equal(stateless.guarantee, 'at least once with deterministic ids');
  assert.match(String(stateless.paths[0]?.because), /'alerts' may be written again.*no outbox/);
  const calling = describe(
    flow('f')
      .from(vitals)
      .pipe(
        mapAsync('ask', async (v) => v.rate),
        process('peak', actor({ version: 1, initial: () => 0, receive: (_s: number, n: number) => ({ emit: [n] }) })),
        to(alerts),
      ),
  );
  assert.equal(calling.guarantee, 'at least once with deterministic ids');
  assert.deepEqual(calling.paths[0]?.because, ["mapAsync 'ask' may be called again after a crash, with the same event id"]);
});

test('an outside call that only reads leaves the guarantee alone', () => {
  const read = describe(
    flow('f')
      .from(vitals)
      .pipe(
        mapAsync('look-up', async (v) => v, { readOnly: true }),
        write('rows', { tables: [rows], effects: (v) => effect.upsert(rows, { id: v.rate }) }),
      ),
  );
  assert.equal(read.guarantee, 'effects exactly once');
});

test('a rule that skips passing failures makes a path at most once; a path of skips has no effect', () => {
  const { guarantee, paths } = describe(sample({ onFailure: { Transient: { last: skip('lost') } } }));
  assert.equal(guarantee, 'at most once');
  assert.deepEqual(paths[0]?.because, ["Transient failures are skipped by the flow's rule"]);
  const nothing = describe(
    flow('f')
      .from(vitals)
      .pipe(branch('b', { otherwise: skip('all') })),
  );
  assert.equal(nothing.guarantee, null);
});

test('the text names hash, nodes, stores, tables and the guarantee of each path', () => {
  const text = describeText(sample());
  assert.match(text, new RegExp(`^sample v1 \\(strict order, stateful, graph ${hash(sample()).slice(0, 12)}\\)`));
  assert.match(text, /peak +process +derive store peak/);
  assert.match(text, /rows +write +reuse +table rows/);
  assert.match(
    text,
    / {2}vitals > plausible > plausible\/tee > rows > audit\n {4}effects exactly once: 'rows', 'audit' in the turn's transaction/,
  );
});

test('the diagram is coloured by guarantee, and its labels are escaped', () => {
  const text = mermaid(sample());
  assert.match(text, /^---\ntitle: "sample v1"\n---\nflowchart LR\n/);
  assert.match(text, /n_vitals\(\["vitals<br\/>from"\]\):::once/);
  assert.match(text, /n_plausible_2ftee -->\|"alert"\| n_peak/);
  assert.match(text, /n_level_3aotherwise_2fskip\(\("skip: calm"\)\):::once/);
  const names = new Set([...text.matchAll(/:::(\w+)/g)].map((match) => match[1]));
  for (const name of names) assert.match(text, new RegExp(`classDef ${name} `));
  // Names keep to a safe alphabet; table names do not have to.
  const odd = table<{ id: number }>('a"]<b>&`', { columns: { id: { type: 'integer' } }, key: ['id'] });
  const escaped = mermaid(
    flow('f')
      .from(vitals)
      .pipe(write('w', { tables: [odd], effects: () => [] })),
  );
  assert.match(escaped, /n_w\[\("w<br\/>write: a#34;#93;#60;b#62;#38;#96;"\)\]:::once/);
  assert.match(
    mermaid(
      flow('end')
        .from(vitals)
        .pipe(
          map('end', (v) => v.rate),
          to(alerts),
        ),
    ),
    /n_end\["end<br\/>map"\]:::repeat/,
  );
});

test('a flow that nobody could review is refused', () => {
  const wide = (name: string) =>
    branch(name, { a: [(n: number) => n > 1, map((n) => n)], b: [(n: number) => n > 2, map((n) => n)], otherwise: map((n: number) => n) });
  const many = Array.from({ length: 9 }, (_, i) => wide(`b${i}`)).reduce((all, one) => pipe(all, one));
  assert.throws(() => pathsOf(flow('f').from(topic<number>('t', 'int')).pipe(many)), { code: 'AORTA_FLOW_001' });
});
