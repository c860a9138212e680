import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { generateTables } from '../../../../src/fhir/v2/tables/generate.ts';
import * as tables from '../../../../src/fhir/v2/tables/index.ts';

const root = new URL('../../../../src/fhir/v2/tables/', import.meta.url);

describe('code maps', () => {
  it('are what the implementation guide’s rows say', () => {
    assert.equal(readFileSync(new URL('index.ts', root), 'utf8'), generateTables());
  });

  it('name the row that each code comes from', () => {
    for (const [name, map] of Object.entries(tables) as [string, tables.CodeMap][]) {
      assert.ok(Object.keys(map).length > 0, name);
      for (const [code, { row, code: to, system }] of Object.entries(map)) {
        const [file, line] = row.split(':') as [string, string];
        const cells =
          readFileSync(new URL(`source/${file}`, root), 'utf8')
            .split(/\r?\n/)
            [Number(line) - 1]?.split(',') ?? [];
        // The guide pads some codes.
        assert.equal(cells[0]?.trim(), code, row);
        assert.ok(cells.includes(to) && cells.includes(system), row);
      }
    }
  });

  it('have the statuses that the events mean', () => {
    const statuses = Object.fromEntries(Object.entries(tables.eventEncounterStatus).map(([event, { code }]) => [event, code]));
    assert.deepEqual(statuses, {
      A01: 'in-progress',
      A02: 'in-progress',
      A03: 'finished',
      A04: 'planned',
      A05: 'planned',
      A08: 'unknown',
      A11: 'cancelled',
      A13: 'in-progress',
    });
  });
});
