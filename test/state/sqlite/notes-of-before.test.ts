import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

const migration = (name: string) => readFileSync(new URL(`../../../src/sqlite/migrations/${name}`, import.meta.url), 'utf8');

test('what a version before counted of a suspect is as many notes', () => {
  const database = new DatabaseSync(':memory:');
  database.exec(migration('0001.sql'));
  database.exec(`INSERT INTO aorta_suspect VALUES ('f', 'main', 't', 0, 7, 3), ('f', 'main', 't', 0, 9, 1)`);
  database.exec(migration('0009.sql'));
  const rows = database.prepare('SELECT record_offset, epoch FROM aorta_try ORDER BY record_offset, epoch').all();
  assert.deepEqual(
    rows.map(({ record_offset, epoch }) => [record_offset, epoch]),
    [
      [7, -2],
      [7, -1],
      [7, 0],
      [9, 0],
    ],
  );
  database.close();
});
