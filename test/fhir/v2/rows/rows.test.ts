import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, it } from 'node:test';
import { mappingPage } from '../../../../scripts/v2-docs.ts';
import { generateRows } from '../../../../src/fhir/v2/rows/generate.ts';
import { claims } from '../../../../src/fhir/v2/rows/index.ts';
import { tableRows } from '../../../../src/fhir/v2/rows/tables.ts';
import { problemsOf } from './probe.ts';

const root = resolve(import.meta.dirname, '../../../..');
const shared = ['../shared', '../../shared'].map((folder) => resolve(root, folder, 'data/v2-to-fhir')).find((folder) => existsSync(folder));

describe('rows of the mapping tables', () => {
  it('are those of the guide', { skip: shared === undefined && 'the tables are not at hand' }, () => {
    assert.equal(readFileSync(resolve(root, 'src/fhir/v2/rows/tables.ts'), 'utf8'), generateRows(shared as string));
  });

  it('are each done or not done for a reason, and no claim is about a row that is not there', () => {
    const problems: string[] = [];
    const byTable = new Map(claims.map((each) => [each.table, each]));
    assert.equal(byTable.size, claims.length, 'one list a table');
    for (const [table, { rows }] of Object.entries(tableRows)) {
      const claimed = byTable.get(table);
      if (!claimed) problems.push(`${table}: no claims`);
      const keys = new Set(rows.map(([key]) => key));
      for (const key of keys)
        if (claimed && !(key in claimed.rows) && claimed.otherwise === undefined) problems.push(`${table}: ${key} is in neither list`);
      for (const key of Object.keys(claimed?.rows ?? {})) if (!keys.has(key)) problems.push(`${table}: there is no row ${key}`);
    }
    for (const { table } of claims) if (!(table in tableRows)) problems.push(`${table}: no such table`);
    assert.deepEqual(problems, []);
  });

  it('are in docs/v2-to-fhir.md as the claims have them', () => {
    assert.equal(readFileSync(resolve(root, 'docs/v2-to-fhir.md'), 'utf8'), mappingPage());
  });

  it('that are not done say why in words', () => {
    for (const { table, rows, otherwise } of claims)
      for (const reason of [otherwise, ...Object.values(rows).map((claim) => ('not' in claim ? claim.not : undefined))])
        if (reason !== undefined) assert.match(reason, /\w+ \w+ \w+/, table);
  });

  it('name files that are there', () => {
    for (const { table, rows } of claims)
      for (const claim of Object.values(rows)) {
        if (!('by' in claim)) continue;
        const file = claim.by.split(',')[0] ?? '';
        const path = file.includes('/') ? file : `src/fhir/v2/${file}`;
        assert.ok(existsSync(resolve(root, path)), `${table}: ${file}`);
      }
  });

  for (const { table, rows } of claims) {
    const list = Object.entries(rows).flatMap(([key, claim]) => ('by' in claim ? [[key, claim] as const] : []));
    if (list.length === 0) continue;
    it(`${table}: each row that is done shows in the flow’s output, and only with its field`, async () => {
      const problems: string[] = [];
      for (const [key, claim] of list) for (const problem of await problemsOf(key, claim)) problems.push(`${key}: ${problem}`);
      assert.deepEqual(problems, []);
    });
  }
});
