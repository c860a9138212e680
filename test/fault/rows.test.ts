import { deepStrictEqual, match, ok, strictEqual, throws } from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import test from 'node:test';
import { type Line, replaced, report, runLine, secondsBefore } from './report.ts';
import { pending, rows } from './rows/index.ts';
import { runRow } from './rows/row.ts';
import { chance } from './support/chance.ts';

// The short form of `npm run test:faults`: the same rows, seconds instead of minutes.
for (const id of ['R07', 'R16', 'R25']) {
  const row = rows.find((one) => one.id === id);
  if (!row) throw new Error(`${id} is gone`);
  test(`${row.id} ${row.promise}, for some seconds: nothing lost, twice, out of order or torn`, async (t) => {
    const random = chance();
    t.diagnostic(`FAULT_SEED=${random.seed}`);
    const figures = await runRow(row, { random, scale: 0.02, rate: 300, patients: 300, note: (text) => t.diagnostic(text) });
    t.diagnostic(JSON.stringify(figures));
    ok(Number(figures['effects']) > 0);
  });
}

test('every row of the anchors is run or says why not, once', () => {
  const ids = [...rows, ...pending].map(({ id }) => id).sort();
  deepStrictEqual(
    ids,
    Array.from({ length: 45 }, (_, n) => `R${String(n + 1).padStart(2, '0')}`),
  );
  for (const { id } of rows)
    ok(
      readdirSync(`${import.meta.dirname}/rows`).some((file) => file.startsWith(`${id.toLowerCase()}-`)),
      id,
    );
  // A row that others prove names where.
  for (const { id, reason } of pending) {
    for (const [file] of reason.matchAll(/test\/[\w./-]+\.ts/g)) ok(existsSync(`${import.meta.dirname}/../../${file}`), `${id}: ${file}`);
  }
});

test('the report replaces the last one, its run is added to those before, nothing else changes; a failed row says so', () => {
  const about = {
    ...{ commit: 'abc', machine: '2 cores', date: '2026-01-01', minutes: 3, load: { start: 1, end: 2 } },
    ...{ scale: 1, rate: 10, patients: 5 },
  };
  const figures = { slowestStopMs: 4, sent: 1000 };
  const line: Line = { id: 'R01', promise: 'p', fault: 'f', pass: 'c', seed: 7, seconds: 12, figures };
  const { figures: _, ...bare } = line;
  const broken: Line = { ...bare, id: 'R02', problem: 'lost | one\nat …', counts: [{ kind: 'emission lost', count: 3 }] };
  const text = report(
    [line, broken, { ...bare, id: 'R04', notRun: 'no libfaketime' }],
    [{ id: 'R03', promise: 'p', reason: 'no brokers' }],
    about,
  );
  match(text, /load 1\.0 at the start and 2\.0 at the end/);
  match(text, /1 of 3 rows passed/);
  match(text, /\| R01 .* passed \| slowest stop ms 4; sent 1000 \| 12 \| 7 \|/);
  match(text, /\| R02 .* FAILED \| lost \\\| one \|/);
  match(text, /\| R04 .* not run \| no libfaketime \|/);
  match(text, /\| R03 \| p \| no brokers \|/);
  const run = runLine([line, broken, { ...bare, id: 'R03', notRun: 'no mount' }], about);
  strictEqual(run, '| abc | 2026-01-01 | 1 | 3.0 | 1.0 → 2.0 | 1 | 1 (R02) | 1 | 1000 | 3 | 0 | 0 | 0 |\n');
  const document = 'before\n<!-- runs -->\n<!-- runs end -->\n<!-- rows -->\nold\n<!-- rows end -->\nafter\n';
  const once = replaced(document, 'new\n', run);
  match(
    once,
    /^before\n<!-- runs -->\n\n\| commit .*\n\|-.*\n\| abc .*\n<!-- runs end -->\n<!-- rows -->\nnew\n<!-- rows end -->\nafter\n$/,
  );
  const twice = replaced(once, text, '| def |\n');
  match(twice, /\| abc .*\n\| def \|\n<!-- runs end -->/);
  deepStrictEqual(
    [...secondsBefore(twice)],
    [
      ['R01', 12],
      ['R02', 12],
      ['R04', 12],
    ],
  );
  throws(() => replaced('no place', 'new', run), /no place for the rows/);
});
