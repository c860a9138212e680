import { DatabaseSync } from 'node:sqlite';

/** Milliseconds a statement waits for a lock of a foreign program (the sqlite3 shell) before it fails as Transient. */
const lockWaitMs = 1000;

/**
 * The connection that writes. WAL with synchronous FULL: COMMIT returns after fsync of the log, so a reply to the sender
 * survives power loss. fullfsync is macOS's way to reach the disk itself; elsewhere it changes nothing.
 */
export function openForWriting(file: string): DatabaseSync {
  const connection = new DatabaseSync(file, { timeout: lockWaitMs });
  // page_size counts only before the file is made: 8 KiB keeps most envelopes on one page.
  connection.exec(`
    PRAGMA page_size = 8192;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
    PRAGMA wal_autocheckpoint = 2000;
    PRAGMA journal_size_limit = 67108864;
    PRAGMA cache_size = -32000;
    PRAGMA temp_store = MEMORY;
  `);
  return connection;
}

/** The main thread's connection: reads only. */
export function openForReading(file: string): DatabaseSync {
  const connection = new DatabaseSync(file, { readOnly: true, timeout: lockWaitMs });
  connection.exec('PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY;');
  return connection;
}
