import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Actor,
  actor,
  diff,
  effect,
  type Flow,
  type FlowOptions,
  flow,
  graphOf,
  map,
  process,
  type TopicOptions,
  table,
  to,
  topic,
  type Verdict,
  write,
} from '../../src/index.ts';

type Columns = Parameters<typeof table<{ id: number }>>[1];
interface Parts {
  readonly name?: string;
  readonly options?: FlowOptions;
  readonly source?: string;
  readonly sourceOptions?: TopicOptions;
  readonly schema?: string;
  readonly sinkPartitions?: number;
  readonly store?: string | null;
  readonly actor?: Partial<Actor<number, number, number>>;
  readonly rows?: Partial<Columns>;
  readonly written?: boolean;
  readonly mapped?: boolean;
  readonly sink?: boolean;
}

function build(parts: Parts): Flow<unknown> {
  const rows = table<{ id: number }>('rows', { columns: { id: { type: 'integer' } }, key: ['id'], ...parts.rows });
  const counting = actor<number, number, number>({
    version: 1,
    initial: () => 0,
    receive: (s, n) => ({ state: s + n, emit: [n] }),
    timer: () => ({}),
    ...parts.actor,
  });
  let built: Flow<number> = flow(parts.name ?? 'f', parts.options ?? {}).from(
    topic<number>(parts.source ?? 'in', parts.schema ?? 'int', parts.sourceOptions),
  );
  if (parts.mapped) built = built.pipe(map('mapped', (n) => n));
  if (parts.store !== null) built = built.pipe(process(parts.store ?? 'count', counting));
  if (parts.written ?? true) built = built.pipe(write('rows', { tables: [rows], effects: (n) => effect.upsert(rows, { id: n }) }));
  return parts.sink === false ? built : built.pipe(to(topic<number>('out', 'int', { partitions: parts.sinkPartitions ?? 12 })));
}

const cases: readonly [what: string, before: Parts, after: Parts, verdict: Verdict, why: RegExp | null][] = [
  ['nothing', {}, {}, 'safe', null],
  ['a node without storage is added', {}, { mapped: true }, 'safe', /mapped added/],
  ['a node without storage is removed', { mapped: true }, {}, 'safe', /mapped removed/],
  ['an option of the flow', {}, { options: { deadlineMs: 1 } }, 'safe', /flow changed safe deadlineMs/],
  ['the schema of the source', {}, { schema: 'long' }, 'safe', /in changed safe schema/],
  ['retention', {}, { sourceOptions: { retentionDays: 9 } }, 'safe', /topic:in changed safe retention/],
  ['state with a migration', {}, { actor: { version: 2, migrate: () => 0 } }, 'safe', /migrated from version 1 to 2/],
  [
    'a nullable column',
    {},
    { rows: { columns: { id: { type: 'integer' }, ward: { type: 'text', nullable: true } } as never } },
    'safe',
    /table:rows changed safe/,
  ],
  ['a sink is removed', {}, { sink: false }, 'drain needed', /out removed drain needed held/],
  ['a write is removed', {}, { written: false }, 'drain needed', /rows removed drain needed/],
  ['partitions of a sink', {}, { sinkPartitions: 24 }, 'drain needed', /topic:out changed drain needed/],
  ['the timer handler is removed', {}, { actor: { timer: undefined as never } }, 'drain needed', /timers that are set/],
  ['a stateless flow gets a write', { store: null, written: false }, { store: null }, 'drain needed', /it gains an applied set/],
  ['a store is renamed', {}, { store: 'other' }, 'rebuild store', /other added rebuild store its store starts empty/],
  ['state without a migration', {}, { actor: { version: 2 } }, 'rebuild store', /without migrate/],
  [
    'an older state version',
    { actor: { version: 3, migrate: () => 0 } },
    { actor: { version: 2, migrate: () => 0 } },
    'incompatible',
    /newer than 2/,
  ],
  ['partitions of the source', {}, { sourceOptions: { partitions: 24 } }, 'incompatible', /patients move/],
  ['another source', {}, { source: 'elsewhere' }, 'incompatible', /offsets and applied set/],
  ['another name', {}, { name: 'g' }, 'incompatible', /another consumer group/],
  [
    'a column that is not nullable',
    {},
    { rows: { columns: { id: { type: 'integer' }, ward: { type: 'text' } } as never } },
    'incompatible',
    /table:rows/,
  ],
  ['the type of a column', {}, { rows: { columns: { id: { type: 'text' } } } }, 'incompatible', /table:rows/],
];

for (const [what, before, after, verdict, why] of cases) {
  test(`${what}: ${verdict}`, () => {
    const result = diff(graphOf(build(before)), graphOf(build(after)));
    assert.equal(result.verdict, verdict, JSON.stringify(result.changes));
    const lines = result.changes.map((change) => `${change.subject} ${change.change} ${change.verdict} ${change.why}`);
    if (why === null) assert.deepEqual(lines, []);
    else
      assert.ok(
        lines.some((line) => why.test(line)),
        lines.join('\n'),
      );
  });
}
