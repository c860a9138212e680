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

test('each row of CDS Hooks 2.0 (services) and SMART 2.2 (clients) is tested, or does not apply for a reason', () => {
  for (const [mark, file, notApplicable] of [
    ['CDS', 'cds-hooks-2.0-service.csv', cdsNotApplicable],
    ['SMART', 'smart-2.2-client.csv', smartNotApplicable],
  ] as const) {
    const rows = rowsOf(file);
    const names = tested(mark);
    assert.ok(rows.length > 70 && new Set(rows).size === rows.length);
    const untested = rows.filter((id) => !names.has(id) && !notApplicable[id as unknown as number]);
    assert.deepEqual(untested, [], `${mark}: neither tested nor said why not`);
    assert.deepEqual(
      [...names.keys()].filter((id) => !rows.includes(id)),
      [],
      `${mark}: a test names a row that is not there`,
    );
    const wrong = Object.keys(notApplicable).filter((id) => names.has(id) || !rows.includes(id));
    assert.deepEqual(wrong, [], `${mark}: said not to apply, but tested, or not there`);
  }
});
