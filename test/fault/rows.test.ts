import { deepStrictEqual, match, ok, throws } from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import test from 'node:test';
import { type Line, replaced, report } from './report.ts';
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

test('the report replaces the last one and nothing else; a failed row says so', () => {
  const about = { commit: 'abc', machine: '2 cores', date: '2026-01-01', minutes: 3, scale: 1, rate: 10, patients: 5 };
  const line: Line = { id: 'R01', promise: 'p', fault: 'f', pass: 'c', seed: 7, seconds: 12, figures: { slowestStopMs: 4 } };
  const text = report(
    [line, { ...line, id: 'R02', problem: 'lost | one\nat …' }, { ...line, id: 'R04', notRun: 'no libfaketime' }],
    [{ id: 'R03', promise: 'p', reason: 'no brokers' }],
    about,
  );
  match(text, /1 of 3 rows passed/);
  match(text, /\| R01 .* passed \| slowest stop ms 4 \| 12 \| 7 \|/);
  match(text, /\| R02 .* FAILED \| lost \\\| one \|/);
  match(text, /\| R04 .* not run \| no libfaketime \|/);
  match(text, /\| R03 \| p \| no brokers \|/);
  const document = 'before\n<!-- rows -->\nold\n<!-- rows end -->\nafter\n';
  deepStrictEqual(replaced(document, 'new\n'), 'before\n<!-- rows -->\nnew\n<!-- rows end -->\nafter\n');
  throws(() => replaced('no place', 'new'), /no place for the rows/);
});
