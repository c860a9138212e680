import { readdirSync, readFileSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { error } from '../errors/index.ts';

const folder = new URL('./migrations/', import.meta.url);

/** Numbers of the migrations that this program knows, rising from 1 without a gap. */
export const migrations = (): readonly string[] =>
  readdirSync(folder)
    .filter((name) => /^\d{4}\.sql$/.test(name))
    .sort();

/**
 * Brings the file to the newest version; `PRAGMA user_version` counts the migrations done, each in its own transaction.
 * A file of a newer program is refused (AORTA_SQLITE_004), untouched.
 */
export function migrate(connection: DatabaseSync): void {
  const names = migrations();
  const { user_version: found } = connection.prepare('PRAGMA user_version').get() as { user_version: number };
  if (found > names.length) throw error('AORTA_SQLITE_004', { found, known: names.length });
  for (const [index, name] of names.entries()) {
    if (index < found) continue;
    connection.exec('BEGIN IMMEDIATE');
    try {
      connection.exec(readFileSync(new URL(name, folder), 'utf8'));
      connection.exec(`PRAGMA user_version = ${index + 1}`);
      connection.exec('COMMIT');
    } catch (thrown) {
      if (connection.isTransaction) connection.exec('ROLLBACK');
      throw thrown;
    }
  }
}
