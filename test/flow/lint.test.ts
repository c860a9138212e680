import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { lintErrors } from '../../src/errors/codes/lint.ts';
import {
  actor,
  assertSound,
  batch,
  branch,
  breaker,
  type CallOptions,
  call,
  deadLetter,
  dedupe,
  defineTarget,
  effect,
  enrich,
  type Finding,
  type Flow,
  type FlowOptions,
  findingText,
  flow,
  type LintOptions,
  lint,
  map,
  mapAsync,
  merge,
  park,
  pipe,
  process,
  rateLimit,
  rekey,
  retry,
  type Severity,
  skip,
  type Table,
  type Target,
  table,
  tap,
  tee,
  to,
  topic,
  write,
} from '../../src/index.ts';

const numbers = topic<number>('in', 'int');
const out = topic<number>('out', 'int');
const counting = actor({ version: 1, initial: () => 0, receive: (s: number, n: number) => ({ state: s + n, emit: [n] }) });
const adding = actor({ ...counting, merge: (s, t) => ({ state: s + t }), unmerge: (s, t) => ({ state: s - t, restored: t }) });
const merged = () => flow('f').from(topic<number>('merged', 'int', { merges: true }));
const rowsOf = (over: Partial<Table<{ id: number }>> = {}) =>
  table<{ id: number }>('rows', { columns: { id: { type: 'integer' } }, key: ['id'], ...over });
const writing = (name: string, rows: Table<{ id: number }>) =>
  write<number>(name, { tables: [rows], effects: (n) => effect.upsert(rows, { id: n }) });
const start = (options: FlowOptions = {}) => flow('f', options).from(numbers);
const ends = (options: FlowOptions) => start(options).pipe(to(out));
const later = (name: string, deadlineMs: number) => mapAsync(name, async (n: number) => n, { deadlineMs });
const independent = { lanes: 'independent' } as const;
const asked = (name: string) =>
  batch<number, number>(name, async (items) => items.map(({ value }) => value), { max: 10, within: 100, readOnly: true });
const ehr = defineTarget('ehr');
const keyed: CallOptions<number, number> = { key: 'derived' };
const ask = (name: string, target: Target, options: CallOptions<number, number> = {}) =>
  call<number, number>(name, target, async (n) => n, options);
const looking = (lookup: () => Promise<number>) => enrich<number, number, number>('look', { by: (n) => `${n}`, lookup, into: (n) => n });
const sinkTo = (name: string, options = {}) => start().pipe(to(topic<number>(name, 'int', options)));

type Case = readonly [
  what: string,
  flows: () => Flow<unknown> | readonly Flow<unknown>[],
  node: string,
  severity: Severity,
  options?: LintOptions,
];

const cases: { readonly [C in keyof typeof lintErrors]: readonly Case[] } = {
  AORTA_LINT_001: [
    ['state', () => start().pipe(process(undefined as never, counting), to(out)), 'in/process', 'error'],
    [
      'outside',
      () =>
        start().pipe(
          mapAsync(undefined as never, async (n: number) => n),
          to(out),
        ),
      'in/mapAsync',
      'error',
    ],
    ['write', () => start().pipe(writing(undefined as never, rowsOf())), 'in/write', 'error'],
  ],
  AORTA_LINT_002: [
    [
      'two maps',
      () =>
        start().pipe(
          tee({
            a: pipe(
              map('same', (n) => n),
              to(out),
            ),
            b: pipe(
              map('same', (n) => n),
              to('out-2', out),
            ),
          }),
        ),
      'same',
      'error',
    ],
  ],
  AORTA_LINT_003: [['a cast', () => start().pipe(branch('b', { a: [() => true, to(out)] } as never)), 'b', 'error']],
  AORTA_LINT_004: [
    [
      'a map',
      () =>
        start().pipe(
          writing('w', rowsOf()),
          map((n) => n),
        ),
      'w/map',
      'error',
    ],
    ['in a branch', () => start().pipe(tee({ a: map((n) => n), b: to(out) })), 'in/tee:a/map', 'error'],
  ],
  AORTA_LINT_005: [['a tap', () => start().pipe(tap(() => {})), 'in/tap', 'warning']],
  AORTA_LINT_006: [['six to twelve', () => sinkTo('out', { partitions: 6 }), 'out', 'note']],
  AORTA_LINT_007: [
    ['sink', () => sinkTo('out', { retentionDays: 3 }), 'out', 'error'],
    [
      'source',
      () =>
        flow('f')
          .from(topic<number>('in', 'int', { retentionDays: 6.9 }))
          .pipe(to(out)),
      'in',
      'error',
    ],
  ],
  AORTA_LINT_008: [
    ['two writers', () => start().pipe(tee({ a: process('count', counting), b: process('count', counting) })), 'count', 'error'],
  ],
  AORTA_LINT_009: [
    [
      'bytes',
      () =>
        flow('f')
          .from(topic<Buffer>('raw', null))
          .pipe(
            map(() => 1),
            to(out),
          ),
      'raw',
      'warning',
    ],
  ],
  AORTA_LINT_010: [['back', () => start().pipe(to('again', numbers)), 'again', 'error']],
  AORTA_LINT_011: [['two flows', () => [start().pipe(to(out)), flow('g').from(out).pipe(to(numbers))], 'in', 'warning']],
  AORTA_LINT_012: [['90 s', () => start().pipe(later('slow', 90_000), to(out)), 'slow', 'warning']],
  AORTA_LINT_013: [
    ['dead letters of a strict flow', () => ends({ onFailure: { Permanent: { last: deadLetter } } }), 'in', 'error'],
    ['parking of a tolerant flow', () => ends({ order: 'tolerant', onFailure: { Decode: { last: park } } }), 'in', 'warning'],
  ],
  AORTA_LINT_014: [['another key', () => start().pipe(writing('a', rowsOf()), writing('b', rowsOf({ indexes: [['id']] }))), 'b', 'error']],
  AORTA_LINT_015: [['a typing error', () => ends({ onFailure: { Transeint: { last: park } } as never }), 'in', 'error']],
  AORTA_LINT_016: [['loses', () => ends({ onFailure: { Transient: { last: skip('lost') } } }), 'in', 'warning']],
  AORTA_LINT_017: [
    ['another schema', () => start().pipe(tee({ a: to(out), b: to('out-2', topic<number>('out', 'long')) })), 'out-2', 'error'],
  ],
  AORTA_LINT_018: [
    ['no such column', () => start().pipe(writing('w', rowsOf({ key: ['mrn'] as never }))), 'w', 'error'],
    ['no key', () => start().pipe(writing('w', rowsOf({ key: [] }))), 'w', 'error'],
    ['nullable key', () => start().pipe(writing('w', rowsOf({ columns: { id: { type: 'integer', nullable: true } } }))), 'w', 'error'],
    [
      'our column',
      () => start().pipe(writing('w', rowsOf({ columns: { id: { type: 'integer' }, source_event: { type: 'text' } } as never }))),
      'w',
      'error',
    ],
  ],
  AORTA_LINT_019: [['again', () => ends({ onFailure: { Permanent: { retry: retry.ladder, last: park } } }), 'in', 'warning']],
  AORTA_LINT_020: [["the engine's", () => sinkTo('f.dlq', { retentionDays: 30 }), 'f.dlq', 'error']],
  AORTA_LINT_021: [
    [
      'after the end',
      () =>
        start().pipe(
          branch('b', { a: [(n: number) => n > 1, to(out)], otherwise: skip('no') }),
          map((n) => n),
        ),
      'b/map',
      'error',
    ],
  ],
  AORTA_LINT_022: [
    ['three in a row', () => start().pipe(later('a', 25_000), later('b', 25_000), later('c', 25_000), to(out)), 'c', 'note'],
  ],
  AORTA_LINT_023: [
    ['no number', () => start().pipe(process('p', actor({ ...counting, version: 1.5 })), to(out)), 'p', 'error'],
    ['no migration', () => start().pipe(process('p', actor({ ...counting, version: 2 })), to(out)), 'p', 'warning'],
  ],
  AORTA_LINT_024: [
    ['no merge', () => merged().pipe(process('p', counting), to(out)), 'p', 'error'],
    ['no unmerge', () => merged().pipe(process('p', actor({ ...counting, merge: (s) => ({ state: s }) })), to(out)), 'p', 'warning'],
  ],
  AORTA_LINT_025: [
    ['a call behind the actor', () => merged().pipe(process('p', adding), later('ask', 5_000), to(out)), 'ask', 'error'],
    [
      'in a branch',
      () =>
        merged().pipe(
          later('before', 5_000),
          process('p', adding),
          branch('b', { big: [(n: number) => n > 1, later('ask', 5_000)], otherwise: map((n: number) => n) }),
          to(out),
        ),
      'ask',
      'error',
    ],
  ],
  AORTA_LINT_040: [
    [
      'six and twelve',
      () =>
        flow('f')
          .from(merge(numbers, topic<number>('other', 'int', { partitions: 6 })))
          .pipe(to(out)),
      'in',
      'error',
    ],
  ],
  AORTA_LINT_041: [
    [
      'patients and wards',
      () =>
        flow('f')
          .from(merge(numbers, topic<number>('other', 'int', { key: 'ward' })))
          .pipe(to(out)),
      'in',
      'error',
    ],
  ],
  AORTA_LINT_042: [
    ['main', () => start().pipe(tee('split', { main: to(out) }, independent)), 'split', 'error'],
    [
      'twice',
      () =>
        start().pipe(
          branch('size', {
            big: [(n: number) => n > 1, tee('one', { ehr: to(out) }, independent)],
            otherwise: tee('two', { ehr: to('out-2', out) }, independent),
          }),
        ),
      'two',
      'error',
    ],
  ],
  AORTA_LINT_043: [['nested', () => start().pipe(tee({ a: tee('inner', { b: to(out) }, independent) }, independent)), 'inner', 'error']],
  AORTA_LINT_044: [['a ward', () => sinkTo('by-ward', { key: 'ward' }), 'by-ward', 'error']],
  AORTA_LINT_045: [
    [
      'as patients',
      () => [
        start().pipe(rekey((n) => `w${n}`, topic<number>('by-ward', 'int', { key: 'ward' }))),
        flow('g').from(topic<number>('by-ward', 'int')).pipe(to('elsewhere', out)),
      ],
      'by-ward',
      'error',
    ],
  ],
  AORTA_LINT_047: [
    ['an actor', () => start().pipe(asked('ask'), process('count', counting), to(out)), 'count', 'error'],
    ['a call', () => start().pipe(asked('ask'), later('post', 5_000), to(out)), 'post', 'error'],
    ['another batch', () => start().pipe(asked('ask'), asked('again'), to(out)), 'again', 'error'],
  ],
  AORTA_LINT_046: [['in a lane', () => merged().pipe(tee({ a: pipe(process('p', adding), to(out)) }, independent)), 'p', 'error']],
  AORTA_LINT_050: [
    ['no key', () => start().pipe(ask('ask', ehr)), 'ask', 'error'],
    ['in a branch', () => start().pipe(branch('b', { otherwise: ask('ask', ehr) })), 'ask', 'error'],
  ],
  AORTA_LINT_051: [
    ['no call at all', () => start().pipe(rateLimit(ehr, { requests: 1 }), to(out)), 'in/rateLimit', 'error'],
    ['another target', () => start().pipe(breaker(ehr, { failures: 1 }), ask('ask', defineTarget('lis'), keyed)), 'in/breaker', 'error'],
  ],
  AORTA_LINT_052: [
    ['two declarations', () => start().pipe(ask('a', ehr, keyed), ask('b', defineTarget('ehr', { bulkhead: 1 }), keyed)), 'b', 'error'],
    [
      'two quotas',
      () => start().pipe(rateLimit(ehr, { requests: 1 }), ask('a', ehr, keyed), rateLimit(ehr, { requests: 2 }), to(out)),
      'a/rateLimit',
      'error',
    ],
  ],
  AORTA_LINT_053: [
    [
      'a method',
      () =>
        start().pipe(
          looking(() => fetch('https://x.example', { method: 'POST' }).then(() => 1)),
          to(out),
        ),
      'look',
      'warning',
    ],
    [
      'a client',
      () =>
        start().pipe(
          looking(async () => ({ put: (n: number) => n }).put(1)),
          to(out),
        ),
      'look',
      'warning',
    ],
  ],
  AORTA_LINT_054: [
    ['as long', () => start().pipe(ask('ask', defineTarget('ehr', { deadlineMs: 30_000 }), keyed)), 'ask', 'error'],
    ['own', () => start().pipe(ask('ask', ehr, { ...keyed, deadlineMs: 40_000 })), 'ask', 'error'],
    ['a short session', () => start().pipe(ask('ask', ehr, keyed)), 'ask', 'error', { sessionTimeoutMs: 10_000 }],
  ],
  AORTA_LINT_055: [
    ['none', () => start().pipe(ask('ask', defineTarget('ehr', { onOpen: 'fallback' }), keyed)), 'ask', 'error'],
    ['none, by a guard', () => start().pipe(breaker(ehr, { onOpen: 'fallback' }), ask('ask', ehr, keyed)), 'ask', 'error'],
    ['never asked', () => start().pipe(ask('ask', ehr, { ...keyed, fallback: () => 1 })), 'ask', 'error'],
  ],
  AORTA_LINT_056: [
    [
      'a call',
      () =>
        start().pipe(
          ask('ask', ehr, keyed),
          dedupe('once', (n) => `${n}`),
          to(out),
        ),
      'once',
      'warning',
    ],
    [
      'a write',
      () =>
        start().pipe(
          writing('w', rowsOf()),
          dedupe('once', (n) => `${n}`),
          to(out),
        ),
      'once',
      'warning',
    ],
  ],
};

for (const [code, all] of Object.entries(cases)) {
  for (const [what, flows, node, severity, options] of all) {
    test(`${code}: ${what}`, () => {
      const findings = lint(flows(), options).filter((finding) => finding.code === code);
      assert.deepEqual(
        findings.map((finding) => [finding.node, finding.severity]),
        [[node, severity]],
      );
      const { message, remedy } = findings[0] as Finding;
      assert.doesNotMatch(`${message}${remedy}`, /\{|undefined|NaN/, message);
    });
  }
}

test('a flow that cannot merge its patients does not start on a topic with merges', () => {
  assert.throws(() => assertSound(merged().pipe(process('p', counting), to(out))), { code: 'AORTA_FLOW_001', message: /AORTA_LINT_024/ });
  assert.throws(() => assertSound(merged().pipe(process('p', adding), later('ask', 5_000), to(out))), { message: /AORTA_LINT_025/ });
});

test('a topic with merges asks nothing of flows without state, and of actors that merge', () => {
  assert.deepEqual(lint(merged().pipe(later('ask', 5_000), to(out))), []);
  assert.deepEqual(lint(merged().pipe(later('ask', 5_000), process('p', adding), to(out))), []);
});

test('what waits in a lane of its own may stand behind an actor that merges', () => {
  const split = merged().pipe(process('p', adding), tee({ ehr: pipe(later('post', 5_000), to(out)) }, independent));
  assert.deepEqual(lint(split), []);
});

const refused = (made: Flow<unknown>, code: string) => assert.throws(() => assertSound(made), { message: new RegExp(code) });

test('a flow of sources that are not co-partitioned, or keyed by different things, does not start', () => {
  const of = (options: object) => flow('f').from(merge(numbers, topic<number>('other', 'int', options)));
  refused(of({ partitions: 6 }).pipe(to(out)), 'AORTA_LINT_040');
  refused(of({ key: 'ward' }).pipe(to(out)), 'AORTA_LINT_041');
  assert.deepEqual(lint(of({}).pipe(to(out))), []);
});

test('a topic with keys of another kind is refused as a sink of to(), and for a reader that expects patients', () => {
  const byWard = topic<number>('by-ward', 'int', { key: 'ward' });
  refused(start().pipe(to(byWard)), 'AORTA_LINT_044');
  const reader = flow('g').from(topic<number>('by-ward', 'int')).pipe(to('elsewhere', out));
  assert.deepEqual(
    lint([start().pipe(rekey((n) => `w${n}`, byWard)), reader]).map(({ code, severity }) => [code, severity]),
    [['AORTA_LINT_045', 'error']],
  );
});

test('an actor in two lanes, or in a lane behind a topic with merges of patients, is refused', () => {
  refused(start().pipe(tee({ a: process('count', counting), b: process('count', counting) }, independent)), 'AORTA_LINT_00[28]');
  refused(merged().pipe(tee({ a: pipe(process('p', adding), to(out)) }, independent)), 'AORTA_LINT_046');
});

test('what follows a batch is pure or joins the transaction; behind a lane everything may', () => {
  const rows = rowsOf();
  const sound = start().pipe(
    asked('ask'),
    map((n) => n + 1),
    writing('rows', rows),
    tee({ more: pipe(later('post', 5_000), process('count', counting), to(out)) }, independent),
  );
  assert.deepEqual(lint(sound), []);
});

test('rekey gives what its topic is keyed by, and a reader of that topic is sound', () => {
  const byWard = topic<number>('by-ward', 'int', { key: 'ward' });
  const flows = [
    start().pipe(rekey((n) => `w${n}`, byWard)),
    flow('g')
      .from(byWard)
      .pipe(process('count', counting), to(topic<number>('census', 'int', { key: 'ward' }))),
  ];
  assert.deepEqual(lint(flows), []);
});

test('a call without a key does not start, unless it reads or a repetition does no harm', () => {
  assert.throws(() => assertSound(start().pipe(ask('ask', ehr))), { message: /AORTA_LINT_050/ });
  for (const options of [keyed, { key: (n: number) => `${n}` }, { duplicates: 'acceptable' } as const, { readOnly: true }])
    assertSound(start().pipe(ask('ask', ehr, options), to(out)));
});

test('a step that only reads may take longer than the session: two owners of it change nothing', () => {
  const reading = mapAsync('slow', async (n: number) => n, { deadlineMs: 90_000, readOnly: true });
  assert.deepEqual(lint(start().pipe(reading, to(out))), []);
});

test('a sound flow has no finding', () => {
  const rows = rowsOf();
  const sound = start({ order: 'tolerant', onFailure: { Transient: { retry: retry.backoff(10, 100, 5), last: park } } }).pipe(
    later('ask', 5_000),
    process('count', counting),
    tee({
      rows: writing('rows', rows),
      out: branch('size', {
        big: [
          (n: number) => n > 1,
          pipe(
            map((n) => n),
            to(out),
          ),
        ],
        otherwise: skip('small'),
      }),
      again: writing('again', rows),
    }),
  );
  assert.deepEqual(lint(sound), []);
  assertSound(sound);
});

test('limits come from the configuration', () => {
  const slow = start().pipe(later('slow', 90_000), to(out));
  assert.deepEqual(lint(slow, { sessionTimeoutMs: 120_000 }), []);
});

test('a circle of three flows is found once; flows in a row are none', () => {
  const t = (name: string) => topic<number>(name, 'int');
  const link = (name: string, from: string, target: string) =>
    flow(name)
      .from(t(from))
      .pipe(to(t(target)));
  const circle = lint([link('a', 'x', 'y'), link('b', 'y', 'z'), link('c', 'z', 'x')]);
  assert.deepEqual(
    circle.map(({ code, message }) => [code, message]),
    [['AORTA_LINT_011', 'flows feed each other in a circle: a > b > c > a']],
  );
  assert.deepEqual(lint([link('a', 'x', 'y'), link('b', 'y', 'z'), link('c', 'y', 'w')]), []);
});

test('a finding stands at the line and column where the operator was written', () => {
  const here = new Error().stack?.split('\n')[1]?.match(/:(\d+):\d+\)?$/)?.[1];
  const unfinished = start().pipe(map((n) => n));
  const [finding] = lint(unfinished);
  assert.equal(finding?.position?.file, fileURLToPath(import.meta.url));
  assert.equal(finding?.position?.line, Number(here) + 1);
  assert.equal(finding?.position?.column, '  const unfinished = start().pipe('.length + 1);
  assert.match(
    findingText(finding as Finding),
    /lint\.test\.ts:\d+:\d+ error AORTA_LINT_004 f: a path ends at map 'in\/map', and its result goes nowhere\. End it/,
  );
});

test('errors come first, and assertSound throws the first one with code and position', () => {
  const bad = flow('f')
    .from(topic<number>('in', null))
    .pipe(map((n) => n));
  assert.deepEqual(
    lint(bad).map(({ severity }) => severity),
    ['error', 'warning'],
  );
  assert.throws(() => assertSound(bad), { code: 'AORTA_FLOW_001', message: /AORTA_LINT_004 at .*lint\.test\.ts:\d+:\d+/ });
});
