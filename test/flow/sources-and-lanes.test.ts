// merge, rekey and tee with independent lanes: what they are in a flow, its graph, its description and its diff.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../src/flow/compile.ts';
import {
  actor,
  branch,
  cameFrom,
  describe,
  describeText,
  diff,
  type Flow,
  filter,
  flow,
  graphOf,
  hash,
  map,
  mapAsync,
  merge,
  mermaid,
  pipe,
  process,
  rekey,
  tee,
  to,
  topic,
} from '../../src/index.ts';
import { context, RecordingTurn } from './recording-turn.ts';

const numbers = topic<number>('numbers', 'int');
const words = topic<string>('words', 'string');
const out = topic<number>('out', 'int');
const counting = actor({ version: 1, initial: () => 0, receive: (s: number, n: number) => ({ state: s + n, emit: [n] }) });
const independent = { lanes: 'independent' } as const;

const split = (labels: readonly string[] = ['ehr', 'alert']): Flow<unknown> =>
  flow('split')
    .from(numbers)
    .pipe(
      process('count', counting),
      tee(
        'fan',
        Object.fromEntries(
          labels.map((label) => [
            label,
            pipe(
              mapAsync(`${label}-post`, async (n: number) => n),
              to(label, topic<number>(label, 'int')),
            ),
          ]),
        ),
        independent,
      ),
    );

function run(built: Flow<unknown>, value: unknown, over = {}) {
  const compiled = compile(built);
  const turn = new RecordingTurn(compiled.stores, context(over));
  const pending = compiled.start(value, turn);
  return { turn, pending };
}

test('merge: a flow of several topics has them all as sources, and each value goes the same way', () => {
  const built = flow('f')
    .from(merge(numbers, words))
    .pipe(
      filter('long', (value) => String(value).length > 1),
      map((value) => String(value).length),
      to(out),
    );
  assert.deepEqual(
    built.sources.map(({ name }) => name),
    ['numbers', 'words'],
  );
  for (const [value, length] of [
    [123, 3],
    ['abcd', 4],
  ] as const) {
    assert.deepEqual(run(built, value).turn.log, [
      ['emit', 'out', 'out', length],
      ['done', 'out'],
    ]);
  }
  const graph = graphOf(built);
  assert.deepEqual(graph.sources, ['numbers', 'words']);
  assert.deepEqual(
    graph.edges.slice(0, 3).map(({ from, to }) => [from, to]),
    [
      ['numbers', 'merge'],
      ['words', 'merge'],
      ['merge', 'long'],
    ],
  );
  assert.deepEqual(
    graph.topics.map(({ name }) => name),
    ['numbers', 'out', 'words'],
  );
  assert.deepEqual(
    describe(built).paths.map(({ nodes }) => nodes.slice(0, 3)),
    [
      ['numbers', 'merge', 'long'],
      ['words', 'merge', 'long'],
    ],
  );
  assert.match(mermaid(built), /n_numbers --> n_merge/);
});

test('merge refuses a topic with itself', () => {
  assert.throws(() => flow('f').from(merge(numbers, numbers)), { code: 'AORTA_FLOW_001', message: /with itself/ });
});

test('cameFrom tells the source', () => {
  const fromWords = cameFrom(words);
  const built = flow('f')
    .from(merge(numbers, words))
    .pipe(branch('source', { word: [fromWords, map((word) => word.length)], otherwise: map(() => -1) }), to(out));
  const emitted = (name: string) => run(built, 'abc', { source: { topic: name, partition: 0, offset: 1 } }).turn.log[0];
  assert.deepEqual(emitted('words'), ['emit', 'out', 'out', 3]);
  assert.deepEqual(emitted('numbers'), ['emit', 'out', 'out', -1]);
});

test('rekey emits under the key that its function gives, and refuses to emit without one', () => {
  const byWard = topic<number>('by-ward', 'int', { key: 'ward' });
  const built = flow('f')
    .from(numbers)
    .pipe(rekey((n) => (n > 0 ? `ward-${n}` : ''), byWard));
  assert.deepEqual(run(built, 3).turn.log, [
    ['emit', 'by-ward', 'by-ward', 3, 'ward-3'],
    ['done', 'by-ward'],
  ]);
  assert.throws(() => run(built, 0), { code: 'AORTA_FLOW_021' });
  const [node] = graphOf(built).nodes.filter(({ op }) => op === 'rekey');
  assert.deepEqual([node?.ack, node?.options, node?.in === null], ['sink', { key: 'ward', topic: 'by-ward' }, false]);
  assert.equal(graphOf(built).topics.find(({ name }) => name === 'by-ward')?.key, 'ward');
  assert.equal(describe(built).guarantee, 'at least once with deterministic ids');
  assert.throws(() => (built as Flow<number>).pipe(map((n) => n)), { code: 'AORTA_FLOW_001' });
});

test('a topic key is a word', () => {
  assert.throws(() => topic<number>('t', 'int', { key: 'Ward 7' }), { code: 'AORTA_FLOW_009' });
  assert.equal('key' in topic<number>('t', 'int', { key: 'patient' }), false, 'patients are the default');
});

test('tee with independent lanes stores one input a lane and ends the turn; each lane has an entry of its own', async () => {
  const built = split();
  const { turn, pending } = run(built, 2);
  assert.equal(pending, undefined, 'what its lanes wait for, the turn does not');
  assert.deepEqual(turn.log, [
    ['state', 'count', 2],
    ['hand over', 'fan', 'ehr', 2],
    ['hand over', 'fan', 'alert', 2],
    ['done', 'fan'],
  ]);
  const compiled = compile(built);
  assert.deepEqual(
    [...compiled.lanes].map(([name, lane]) => [name, lane.asynchronous, lane.stores]),
    [
      ['main', false, ['count']],
      ['ehr', true, []],
      ['alert', true, []],
    ],
  );
  assert.equal(compiled.stateful, true);
  const inLane = new RecordingTurn(compiled.stores);
  await compiled.lanes.get('ehr')?.start(2, inLane);
  assert.deepEqual(inLane.log, [
    ['wait', 'ehr-post', 30_000],
    ['emit', 'ehr', 'ehr', 2],
    ['done', 'ehr'],
  ]);
});

test('the graph says which lane a node is in, and the lanes are part of its hash', () => {
  const graph = graphOf(split());
  assert.deepEqual(
    graph.nodes.map(({ id, lane }) => [id, lane]),
    [
      ['numbers', undefined],
      ['count', undefined],
      ['fan', undefined],
      ['ehr-post', 'ehr'],
      ['ehr', 'ehr'],
      ['alert-post', 'alert'],
      ['alert', 'alert'],
    ],
  );
  const inTurn = flow('split')
    .from(numbers)
    .pipe(tee('fan', { a: to(out) }));
  const apart = flow('split')
    .from(numbers)
    .pipe(tee('fan', { a: to(out) }, independent));
  assert.notEqual(hash(inTurn), hash(apart));
  assert.match(mermaid(split()), /n_fan -\.->\|"ehr"\| n_ehr_2dpost/);
  assert.match(describeText(split()), /lane ehr/);
});

test('a path through a lane is exactly once in two transactions; an outside call in a lane is its own', () => {
  const quiet = flow('quiet')
    .from(numbers)
    .pipe(tee({ copy: to(out) }, independent));
  assert.deepEqual(
    describe(quiet).paths.map(({ guarantee, because }) => [guarantee, because]),
    [['effects exactly once', ["'out' in the transactions of the turn and of lane 'copy'"]]],
  );
  assert.equal(describe(split()).guarantee, 'at least once with deterministic ids');
});

test('a diff asks for a drain where inputs, held envelopes or timers would be left behind', () => {
  const from = (...topics: readonly string[]) => {
    const [one, two] = topics.map((name) => topic<number>(name, 'int'));
    const start = flow('f');
    return graphOf((two ? start.from(merge(one as typeof numbers, two)) : start.from(one as typeof numbers)).pipe(to(out)));
  };
  assert.equal(diff(graphOf(split()), graphOf(split(['ehr']))).verdict, 'drain needed');
  assert.equal(diff(from('a'), from('a', 'b')).verdict, 'drain needed');
  assert.equal(diff(from('a', 'b'), from('a')).verdict, 'drain needed');
  assert.equal(diff(from('a', 'b'), from('b', 'a')).verdict, 'drain needed');
  assert.equal(diff(from('a', 'b'), from('a', 'b')).verdict, 'safe');
  assert.equal(diff(from('a', 'b'), from('c')).verdict, 'incompatible');
});
