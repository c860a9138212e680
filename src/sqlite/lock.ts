import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { error } from '../errors/index.ts';
import { coded, sqliteCode } from './failure.ts';

/** Connections that hold a lock. A connection that nothing refers to is closed by the garbage collector, its lock with it. */
const holding = new Set<DatabaseSync>();

/**
 * One process per data directory. An EXCLUSIVE transaction on a file of its own stays open: the operating system's file
 * lock ends with the process, also after kill -9, so there is no stale lock file to remove. Not reliable on network
 * file systems without locks: the data directory belongs on a local disk.
 *
 * Throws AORTA_SQLITE_001 when another process (or another open in this one) has the directory.
 */
export function lockDirectory(dir: string): { release(): void } {
  const file = join(dir, 'lock.db');
  let connection: DatabaseSync | undefined;
  try {
    connection = new DatabaseSync(file, { timeout: 0 });
    connection.exec('BEGIN EXCLUSIVE');
  } catch (thrown) {
    connection?.close();
    const busy = sqliteCode(thrown) === 5;
    throw busy ? error('AORTA_SQLITE_001', { dir }, { cause: thrown }) : coded(thrown, file);
  }
  const held = connection;
  holding.add(held);
  return {
    release() {
      holding.delete(held);
      held.close();
    },
  };
}
