// Every SHALL of the standards that concerns us is tested under its number, or it is said why it does not apply. The rows
// are those of the Inferno test kits (Apache-2.0): davinci-crd-test-kit (CDS Hooks 2.0, services) and
// smart-app-launch-test-kit (SMART App Launch 2.2, clients).
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cdsNotApplicable, smartNotApplicable } from './not-applicable.ts';

const root = join(import.meta.dirname, '../..');

/** Ids of the first column; the other fields may hold commas and quotes. */
const rowsOf = (file: string): readonly string[] =>
  readFileSync(join(import.meta.dirname, file), 'utf8')
    .split('\n')
    .slice(1)
    .flatMap((line) => /^\d+(?=,)/.exec(line) ?? []);

/** Numbers that tests name: `[CDS 54, 61] …`. */
function tested(mark: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const named = new RegExp(`(['"\`])\\[${mark} ([\\d, ]+)\\] `, 'g');
  for (const file of globSync('test/**/*.test.ts', { cwd: root })) {
    for (const [, , ids = ''] of readFileSync(join(root, file), 'utf8').matchAll(named))
      for (const id of ids.split(/,\s*/)) found.set(id, file);
  }
  return found;
}

for (const [name, mark, file, notApplicable] of [
  ['CDS Hooks 2.0, services', 'CDS', 'cds-hooks-2.0-service.csv', cdsNotApplicable],
  ['SMART App Launch 2.2, clients', 'SMART', 'smart-2.2-client.csv', smartNotApplicable],
] as const) {
  test(`${name}: each row is tested, or does not apply for a reason`, () => {
    const rows = rowsOf(file);
    const names = tested(mark);
    assert.ok(rows.length > 70 && new Set(rows).size === rows.length);
    const reasonOf = (id: string): string | undefined => (notApplicable as Readonly<Record<string, string>>)[id];
    assert.deepEqual(
      rows.filter((id) => !names.has(id) && !reasonOf(id)),
      [],
      'neither tested nor said why not',
    );
    assert.deepEqual(
      [...names.keys()].filter((id) => !rows.includes(id)),
      [],
      'a test names a row that is not there',
    );
    const both = Object.keys(notApplicable).filter((id) => names.has(id) || !rows.includes(id));
    assert.deepEqual(both, [], 'said not to apply, but tested, or not there');
  });
}
