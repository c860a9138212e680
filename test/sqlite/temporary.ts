import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, type DatabaseOptions, openDatabase } from '../../src/sqlite/database.ts';

/** An empty directory and the way to remove it. */
export function temporaryDirectory(): { readonly dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'aorta-sqlite-'));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** A database of its own in a directory of its own; `remove` closes it first. */
export function temporaryDatabase(options: Omit<DatabaseOptions, 'dir'> = {}): {
  readonly database: Database;
  readonly dir: string;
  remove(): Promise<void>;
} {
  const { dir, remove } = temporaryDirectory();
  const database = openDatabase({ ...options, dir });
  return {
    database,
    dir,
    async remove() {
      await database.close();
      remove();
    },
  };
}
